/** A group of calls in the API document and the reference: what they are about, and which paths belong to it. */
export interface Resource {
  name: string;
  /** Paths, and all below them. Where several resources fit a call, the longest path decides. */
  paths: readonly string[];
  /** Markdown. Its first sentence is in the list of all resources. */
  about: string;
}

const plain = (path: string): string[] => path.replaceAll(/\{\w+\}/g, '{}').split('/');

/** The resource that a path belongs to; undefined where no module has claimed it. */
export function resourceOf(path: string, resources: readonly Resource[]): Resource | undefined {
  const parts = plain(path);
  const lengthOf = ({ paths }: Resource): number =>
    Math.max(0, ...paths.map(plain).map((prefix) => (prefix.every((part, index) => part === parts[index]) ? prefix.length : 0)));
  const best = resources.map((resource) => ({ resource, length: lengthOf(resource) })).sort((a, b) => b.length - a.length)[0];
  return best && best.length > 0 ? best.resource : undefined;
}

/** The tags of an OpenAPI document: the resources in their order, then names that none of them has. */
export function tagsOf(used: readonly string[], resources: readonly Resource[]): { name: string; description?: string }[] {
  const declared = resources.filter(({ name }) => used.includes(name)).map(({ name, about }) => ({ name, description: about }));
  const others = [...new Set(used)].filter((name) => !resources.some((resource) => resource.name === name));
  return [...declared, ...others.map((name) => ({ name }))];
}

/** The kernel's own calls. */
export const kernelResources: readonly Resource[] = [
  {
    name: 'Audit trail',
    paths: ['/audit'],
    about:
      'Who did what, when, from which network, and how it ended. Every call that changes something leaves an entry, and so does every refusal of permission, of a password, a code or an API key, and every reading of personal data by staff. Entries hold ids, never names or addresses. Reading them needs `audit:read`.',
  },
  {
    name: 'Failed background work',
    paths: ['/dead-letters'],
    about:
      'Jobs and events that failed at every attempt. They are stored for a year. Trying them again is safe: each has its effect once. Both calls need `jobs:manage`.',
  },
];
