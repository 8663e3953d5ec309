/** What the client of orval sends its calls with: it knows paths only. */
const sender = { baseUrl: '', token: '' };

export const sendTo = (baseUrl: string, token = ''): void => void Object.assign(sender, { baseUrl, token });

export async function soukFetch<T>(path: string, options: RequestInit): Promise<T> {
  const headers = new Headers(options.headers);
  if (sender.token) headers.set('authorization', `Bearer ${sender.token}`);
  const reply = await fetch(sender.baseUrl + path, { ...options, headers });
  const text = await reply.text();
  return { status: reply.status, headers: reply.headers, data: text === '' ? undefined : JSON.parse(text) } as T;
}
