// The ram filesystem; every request message that its session gets is appended to the file `log`, behind its length.
import { openSync, writeSync } from 'node:fs';
import { ram } from '../../../dist/filesystems/ram/index.js';
import { Session } from '../../../dist/fuse/session/index.js';

export default function recording(environment, { log, ...options }) {
  const fd = openSync(log, 'a');
  const { receive } = Session.prototype;
  Session.prototype.receive = function (message, length) {
    const frame = Buffer.alloc(4 + length);
    frame.writeUInt32LE(length);
    frame.set(message.bytes.subarray(0, length), 4);
    writeSync(fd, frame);
    receive.call(this, message, length);
  };
  return ram(environment, options);
}
