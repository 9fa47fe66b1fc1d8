// One digest for each message of a length: the kernel with and without the copy in, and everybody else.
import { Kernel } from '../../engine/kernel.ts';
import { DIGEST_BYTES, toHex } from '../../engine/types.ts';
import { partsOf, randomBytes } from './bytes.ts';
import { bytesOf, type Contender, type Environment, type HashPeer, type KernelCase, mustAgree } from './cases.ts';
import { resident } from './resident.ts';

const KIB = 1_024;
const MIB = KIB * KIB;

/** What slow peers are given; their speed does not depend on it. */
const SLOW_BYTES = 64 * KIB;

/** Beyond the second-level cache, as data from a request is. */
const DATA_BYTES = 4 * MIB;

export const hash64k: KernelCase = {
  id: 'hash-64k',
  title: 'One digest for each block of 64 KiB',
  usesPeers: true,
  async prepare(environment, tiny) {
    const data = randomBytes(tiny ? 4 * 64 * KIB : DATA_BYTES, 1);
    const blocks = partsOf(data, 64 * KIB);
    const relaxed = new Kernel(environment.kernels.relaxed);
    const simd = new Kernel(environment.kernels.simd);
    const { raw, window } = resident(environment.kernels.relaxed, environment.limits);
    window.set(data.subarray(0, window.length));
    const work = bytesOf(data.length);
    const expected = toHex(relaxed.hashBlocks(blocks[0]!));
    mustAgree('both builds', expected, toHex(simd.hashBlocks(blocks[0]!)));
    return [
      { id: 'kernel', title: 'kernel, one call for all', work, run: () => relaxed.hashBlocks(data) },
      { id: 'kernel-single', title: 'kernel, a call a block', work, run: () => eachOf(blocks, relaxed) },
      { id: 'kernel-simd', title: 'kernel, plain SIMD build', work, run: () => simd.hashBlocks(data) },
      {
        id: 'kernel-resident',
        title: 'kernel, data in its memory',
        work: bytesOf(window.length),
        run: () => raw.hashBlocks(window.length / (64 * KIB)),
      },
      ...(await peerContenders(environment, blocks, expected)),
    ];
  },
};

function eachOf(blocks: readonly Uint8Array[], kernel: Kernel): void {
  for (const block of blocks) kernel.hashBlocks(block);
}

export const hash4k: KernelCase = {
  id: 'hash-4k',
  title: 'One digest for each message of 4 KiB',
  usesPeers: true,
  async prepare(environment, tiny) {
    const data = randomBytes(tiny ? 16 * KIB : MIB, 2);
    const messages = partsOf(data, 4 * KIB);
    const relaxed = new Kernel(environment.kernels.relaxed);
    const simd = new Kernel(environment.kernels.simd);
    const { raw, window } = resident(environment.kernels.relaxed, environment.limits);
    const inWindow = Math.min(data.length, window.length);
    window.set(data.subarray(0, inWindow));
    const work = bytesOf(data.length);
    const expected = toHex(relaxed.hash(messages[0]!));
    const batch = (kernel: Kernel) => kernel.hashMessages(data, 4 * KIB);
    for (const kernel of [relaxed, simd])
      mustAgree('batches', expected, toHex(batch(kernel).subarray(0, DIGEST_BYTES)));
    return [
      { id: 'kernel', title: 'kernel, one call for all', work, run: () => batch(relaxed) },
      { id: 'kernel-single', title: 'kernel, a call a message', work, run: () => hashEach(messages, relaxed) },
      { id: 'kernel-simd', title: 'kernel, plain SIMD build', work, run: () => batch(simd) },
      {
        id: 'kernel-resident',
        title: 'kernel, data in its memory',
        work: bytesOf(inWindow),
        run: () => raw.hashMessages(inWindow / (4 * KIB), 4 * KIB),
      },
      ...(await peerContenders(environment, messages, expected)),
    ];
  },
};

export const hash16m: KernelCase = {
  id: 'hash-16m',
  title: 'One digest for one buffer of 16 MiB',
  usesPeers: true,
  async prepare(environment, tiny) {
    const data = randomBytes(tiny ? 320 * KIB : 16 * MIB, 3);
    const relaxed = new Kernel(environment.kernels.relaxed);
    const simd = new Kernel(environment.kernels.simd);
    const work = bytesOf(data.length);
    const expected = toHex(relaxed.hash(data));
    mustAgree('both builds', expected, toHex(simd.hash(data)));
    return [
      { id: 'kernel', title: 'kernel', work, run: () => relaxed.hash(data) },
      { id: 'kernel-simd', title: 'kernel, plain SIMD build', work, run: () => simd.hash(data) },
      ...(await peerContenders(environment, [data], expected)),
    ];
  },
};

function hashEach(messages: readonly Uint8Array[], kernel: Kernel): void {
  for (const message of messages) kernel.hash(message);
}

/** A contender for each peer; BLAKE3 ones must give `expected` for the first message. */
async function peerContenders(
  { peers }: Environment,
  messages: readonly Uint8Array[],
  expected: string,
): Promise<Contender[]> {
  const contenders: Contender[] = [];
  for (const peer of peers) {
    const digest = await peer.hash(messages[0]!);
    const hex = typeof digest === 'string' ? digest : toHex(digest);
    if (peer.algorithm === 'BLAKE3') mustAgree(`kernel and ${peer.title}`, expected, hex);
    contenders.push(peerContender(peer, messages));
  }
  return contenders;
}

function peerContender(peer: HashPeer, messages: readonly Uint8Array[]): Contender {
  const own = peer.slow ? [messages[0]!.subarray(0, SLOW_BYTES)] : messages;
  const work = bytesOf(own.reduce((sum, message) => sum + message.length, 0));
  const run = peer.awaited
    ? async () => {
        for (const message of own) await peer.hash(message);
      }
    : () => {
        for (const message of own) peer.hash(message);
      };
  return { id: peer.id, title: peer.title, work, run };
}
