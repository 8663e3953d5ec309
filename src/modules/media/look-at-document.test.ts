import { expect, test } from 'vitest';
import { pdf } from '../../../test/private-files.ts';
import { refusalOfDocument } from './look-at-document.ts';

/** A PDF with a compressed script, and with this in the dictionary of its stream, behind what says that it holds objects. */
const hiding = (more: string): Buffer =>
  Buffer.from(pdf('', '3 0 << /S /JavaScript >>').toString('latin1').replace('/Length ', `${more}/Length `), 'latin1');

const cases: [what: string, bytes: Buffer, reason: string | undefined][] = [
  ['pages', pdf('3 0 obj << /Type /Page >> endobj'), undefined],
  ['words about scripts', pdf('', '3 0 << /Title (JavaScript for beginners) >>'), undefined],
  ['line ends behind its end', Buffer.concat([pdf(), Buffer.from('\r\n\0\0')]), undefined],
  ['nothing', Buffer.alloc(0), 'not-a-document'],
  ['a page of HTML first', Buffer.concat([Buffer.from('<!doctype html>'), pdf()]), 'not-a-document'],
  ['no end', pdf().subarray(0, 80), 'truncated'],
  ['an archive behind its end', Buffer.concat([pdf(), Buffer.from('PK\u0003\u0004')]), 'trailing-data'],
  ['much behind its end', Buffer.concat([pdf(), Buffer.alloc(5000)]), 'trailing-data'],
  ['a script', pdf('3 0 obj << /S /JavaScript /JS (app.alert(1)) >> endobj'), 'active-content'],
  ['a script that is written otherwise', pdf('3 0 obj << /S /J#61va#53cript >> endobj'), 'active-content'],
  ['a program', pdf('3 0 obj << /S/Launch/F(cmd.exe) >> endobj'), 'active-content'],
  ['another file', pdf('3 0 obj << /Type /EmbeddedFile >> endobj'), 'active-content'],
  ['a form that sends', pdf('3 0 obj << /S /SubmitForm >> endobj'), 'active-content'],
  ['a password', pdf('3 0 obj << /Encrypt 4 0 R >> endobj'), 'active-content'],
  ['a compressed script', pdf('', '3 0 << /S /JavaScript >>'), 'active-content'],
  [
    'a compressed script without a type',
    Buffer.from(pdf('', '3 0 << /S /JavaScript >>').toString('latin1').replace('/Type /ObjStm ', ''), 'latin1'),
    'active-content',
  ],
  ['a compressed script whose dictionary has a name that ends like an object begins', hiding('/Xobj 1 '), 'active-content'],
  ['a compressed script whose dictionary is long', hiding(' '.repeat(5000)), 'active-content'],
  ['a compressed script whose dictionary is too long', hiding(' '.repeat(20_000)), 'active-content'],
  ['a compressed script whose dictionary seems to end before', hiding('/X (endobj) '), 'active-content'],
  [
    'compressed objects of two kinds, and pages',
    pdf(pdf('', '3 0 << /Type /Page >>').subarray(9, -60), '4 0 << /Type /Page >>'),
    undefined,
  ],
  ['a long page that speaks of streams', pdf(`4 0 obj << >> stream\n${'word '.repeat(10_000)}(stream)\nendstream endobj\n`), undefined],
  ['words about streams', pdf('', '3 0 << /Title (stream, stream and endstream) >>'), undefined],
  ['too many ends of streams', pdf('endstream '.repeat(4001)), 'active-content'],
  ['objects that cannot be looked into', pdf('9 0 obj << /Type /ObjStm /Filter /LZWDecode >> stream\nx endstream'), 'active-content'],
  ['objects that swell', pdf('', ' '.repeat(70_000_000)), 'active-content'],
  ['too many streams', pdf('<< >> stream\nx\nendstream\n'.repeat(2001)), 'active-content'],
];

test.each(cases)('a PDF with %s', async (_, bytes, reason) => {
  expect(await refusalOfDocument(bytes)).toBe(reason);
});

test('a hostile PDF of 20 MB does not hold up other work for long', async () => {
  const parts = ['#41', '/F /First obj stream ', 'obj << /First /Filter ', 'endstream'];
  const files = [...parts.map((part) => pdf(part.repeat(20_000_000 / part.length))), pdf('', '#41'.repeat(20_000_000))];
  const before = process.threadCpuUsage();
  for (const file of files) await refusalOfDocument(file);
  expect(process.threadCpuUsage(before).user / 1000).toBeLessThan(1200); // milliseconds; 400 here
});
