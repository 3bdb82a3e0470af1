// SPDX-License-Identifier: MIT
// A message as it lies on the wire in one frame (RFC 6455 5.2): its parts, each
// with its bytes and its fields, [name, bits, section], the sections those that
// chatd --explain names. It needs no document, and is tested without a browser.
//
//   fin 1, rsv 3, opcode 4 | mask 1, length 7 | extended length | key | payload

const TEXT = 1, BINARY = 2;

const bits = (n, count) => n.toString(2).padStart(count, "0");
const bigEndian = (n, count) => Array.from({ length: count },
  (_, i) => Math.floor(n / 256 ** (count - 1 - i)) % 256);

// `length` bytes of payload, of which those in `payload` are to be seen; `key`
// is four bytes, or null where a server sends.
export function frameOf({ payload, length = payload.length, text, key }) {
  const opcode = text ? TEXT : BINARY;
  const short = length < 126 ? length : length < 65536 ? 126 : 127;
  return [
    { name: "fin", bytes: [0x80 | opcode], fields: [["FIN", "1", "5.4"],
      ["RSV1–3", "000", "5.2"], ["opcode", bits(opcode, 4), "5.6"]] },
    { name: "length", bytes: [(key ? 0x80 : 0) | short],
      fields: [["MASK", key ? "1" : "0", "5.1"],
        ["length", bits(short, 7), "5.2"]] },
    { name: "extended", fields: [["", "", "5.2"]],
      bytes: bigEndian(length, short < 126 ? 0 : short === 126 ? 2 : 8) },
    { name: "key", bytes: key || [], fields: [["", "", "5.3"]] },
    { name: "payload", fields: [["", "", key ? "5.3" : "5.6"]],
      bytes: Array.from(payload, (b, i) => key ? b ^ key[i % 4] : b),
      more: length - payload.length },
  ].filter(({ bytes }) => bytes.length)
    .map((part) => ({ ...part, text, length, masked: Boolean(key) }));
}
