// The script of the reference pages: filter, languages, sign-in, and calls from the page. Nothing leaves this origin.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector, within = document) => within.querySelector(selector);

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem('souk') ?? '{}');
  } catch {
    return {};
  }
}
const remember = (changes) => sessionStorage.setItem('souk', JSON.stringify({ ...remembered(), ...changes }));

// On a narrow screen the contents would stand before the text.
if (matchMedia('(max-width: 50rem)').matches) one('.contents')?.removeAttribute('open');

// The filter looks through all calls of all groups.
const filter = one('#filter');
filter?.addEventListener('input', () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let found = 0;
  for (const group of all('.group')) {
    let inGroup = 0;
    for (const item of all('li', group)) {
      const link = one('a', item);
      const text = `${link.textContent} ${link.dataset.find ?? ''}`.toLowerCase();
      item.hidden = words.length > 0 && (!link.dataset.find || !words.every((word) => text.includes(word)));
      if (!item.hidden) inGroup++;
    }
    group.hidden = inGroup === 0;
    group.open = words.length > 0 ? inGroup > 0 : one('[aria-current]', group) !== null;
    found += inGroup;
  }
  one('#found').textContent = words.length > 0 ? `${found} ${found === 1 ? 'call' : 'calls'} found` : '';
});
filter?.addEventListener('keydown', (event) => {
  if (event.key === 'Enter') one('.group:not([hidden]) li:not([hidden]) a')?.click();
});

// One language of samples at a time, on all pages.
function showLanguage(language) {
  remember({ language });
  for (const sample of all('.sample')) sample.hidden = sample.dataset.language !== language;
  for (const button of all('.languages button')) button.setAttribute('aria-pressed', String(button.textContent === language));
}
for (const shown of all('.shown')) {
  const row = document.createElement('div');
  row.className = 'languages';
  for (const { dataset } of all('.sample', shown)) row.append(button(dataset.language, () => showLanguage(dataset.language)));
  const copy = button('Copy', async () => {
    await navigator.clipboard.writeText(one('.sample:not([hidden]) code', shown).textContent);
    copy.textContent = 'Copied';
    setTimeout(() => {
      copy.textContent = 'Copy';
    }, 1500);
  });
  if (navigator.clipboard) row.append(copy); // on https and localhost only
  shown.prepend(row);
  for (const caption of all('figcaption', shown)) caption.hidden = true;
}
showLanguage(remembered().language ?? 'curl');

function button(text, act) {
  const made = document.createElement('button');
  made.type = 'button';
  made.textContent = text;
  made.addEventListener('click', act);
  return made;
}

// Signing in: the token stays in the session storage of this tab.
function showWho(message) {
  const { token, username } = remembered();
  one('#who').textContent = message ?? (token ? `Signed in${username ? ` as ${username}` : ''}.` : 'Not signed in.');
  one('#sign-out').hidden = !token;
  if (username) for (const input of all('.try input[data-name="username"]')) input.value ||= username;
}
async function signIn(username, password) {
  const reply = await fetch(one('#sign-in').dataset.path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username, password }),
  });
  const body = await reply.json();
  if (!reply.ok) return showWho(body.detail);
  remember({ token: body.accessToken, username });
  showWho();
}
one('#sign-in')?.addEventListener('submit', (event) => {
  event.preventDefault();
  const { username, password } = event.target.elements;
  signIn(username.value, password.value);
  password.value = '';
});
for (const demo of all('[data-demo]'))
  demo.addEventListener('click', () => signIn(demo.dataset.demo, one('#sign-in').dataset.demoPassword));
one('#token-form')?.addEventListener('submit', (event) => {
  event.preventDefault();
  remember({ token: event.target.elements.token.value.trim(), username: undefined });
  event.target.reset();
  showWho();
});
one('#sign-out')?.addEventListener('click', () => {
  remember({ token: undefined, username: undefined });
  showWho();
});
if (one('#who')) showWho();

// Browsers know randomUUID on https and localhost only.
const freshKey = () =>
  crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

// Calls from the page. Each gets a fresh Idempotency-Key; who types one in repeats the call under it.
for (const form of all('.try form')) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const answer = one('.answer', form.parentElement);
    const { method, path } = form.dataset;
    const headers = {};
    const { token } = remembered();
    if (token) headers[token.startsWith('souk_') ? 'X-Api-Key' : 'Authorization'] = token.startsWith('souk_') ? token : `Bearer ${token}`;
    const query = new URLSearchParams();
    let target = path;
    for (const { dataset, value } of all('[data-in]', form)) {
      const given = value || (dataset.name === 'Idempotency-Key' ? freshKey() : '');
      if (given === '') continue;
      if (dataset.in === 'path') target = target.replace(`{${dataset.name}}`, encodeURIComponent(given));
      else if (dataset.in === 'query') query.append(dataset.name, given);
      else headers[dataset.name] = given;
    }
    const body = one('textarea', form);
    if (body) headers['Content-Type'] = body.dataset.type;
    answer.textContent = 'Sending …';
    try {
      const url = query.size > 0 ? `${target}?${query}` : target;
      const reply = await fetch(url, { method, headers, body: body?.value });
      show(answer, `${method} ${url}`, headers['Idempotency-Key'], reply, await reply.text());
    } catch (error) {
      answer.textContent = `No answer: ${error.message}`;
    }
  });
}

function show(answer, line, key, reply, text) {
  const status = document.createElement('p');
  status.textContent = `${line}: ${reply.status} ${reply.statusText}`;
  const pre = document.createElement('pre');
  pre.tabIndex = 0;
  const headers = [...reply.headers].filter(([name]) => /^(etag|link|location|idempotent-replayed|retry-after|x-request-id)$/.test(name));
  pre.textContent = [
    ...(key ? [`(sent) Idempotency-Key: ${key}`] : []),
    ...headers.map(([name, value]) => `${name}: ${value}`),
    '',
    pretty(text),
  ].join('\n');
  answer.replaceChildren(status, pre);
  if (reply.status === 401 && remembered().token) showWho('The token is not valid any more. Sign in again.');
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
