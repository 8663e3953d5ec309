import { machine } from '#kernel/machine.ts';
import { uploadStates } from '#media';

/** People see `ready` as `checking`: it is attached in a moment; and `removed` as `refused`, with the reason `no-longer-needed`. */
export const uploadMachine = machine({
  name: 'upload',
  table: 'media.uploads',
  states: uploadStates,
  begins: { awaiting_upload: 'its owner', checking: 'an import, with an address to fetch it from' },
  transitions: [
    { from: 'awaiting_upload', command: 'arrive', to: 'checking', who: 'system', guard: 'the file is in the store' },
    { from: 'checking', command: 'accept', to: 'ready', who: 'system', guard: 'it is an image, and its sizes are stored' },
    { from: 'ready', command: 'attach', to: 'attached', who: 'system', guard: 'the module that it is for has stored it' },
    {
      from: 'awaiting_upload',
      command: 'expire',
      to: 'refused',
      who: 'system',
      timer: { due: 'expires_at', name: 'media.expire-uploads' },
    },
    { from: 'checking', command: 'refuse', to: 'refused', who: 'system', guard: 'a reason' },
    {
      from: ['awaiting_upload', 'checking', 'ready', 'attached'],
      command: 'discard',
      to: 'removed',
      who: 'system',
      guard: 'nobody shows it',
    },
    { from: ['refused', 'removed'], command: 'forget', to: null, who: 'system', guard: 'after 30 days' },
  ],
});
