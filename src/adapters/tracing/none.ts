import type { OpenTracing, Span, Tracing } from './port.ts';

const noSpan: Span = { trace: null, set() {}, failed() {} };

/** Nothing is traced. */
export const noTracing: Tracing = {
  isOn: false,
  span: (_name, _parts, work) => work(noSpan),
  passed: () => null,
  statement: (_text, send) => send(),
  async stop() {},
};

export const openNoTracing: OpenTracing = async () => noTracing;
