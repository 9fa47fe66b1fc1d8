// Writes assembly/compress4.ts: BLAKE3's compression of four messages side by side, with its seven rounds unrolled.
// AssemblyScript has no macros, and a loop over a table of word offsets costs a tenth of the speed. Run it after a change:
//   node tools/run.mjs tools/generate-compress4.ts
// test/kernel/module.test.ts proves that the checked-in file is what this makes.
import { writeFileSync } from 'node:fs';
import { inRoot, isMain } from './paths.ts';

export const COMPRESS4_FILE = inRoot('assembly', 'compress4.ts');

const ROUNDS = 7;
/** Word i of the next round's message is word PERMUTATION[i] of this one's. */
const PERMUTATION = [2, 6, 3, 10, 7, 0, 4, 13, 1, 11, 12, 5, 9, 14, 15, 8];

/** One mixing step: four state words and the two positions of its message words. */
type Step = readonly [a: number, b: number, c: number, d: number, x: number, y: number];

const COLUMNS: readonly Step[] = [
  [0, 4, 8, 12, 0, 1],
  [1, 5, 9, 13, 2, 3],
  [2, 6, 10, 14, 4, 5],
  [3, 7, 11, 15, 6, 7],
];
// They may come in any order. The one that needs b of the column that was finished last comes last: 3 % faster.
const DIAGONALS: readonly Step[] = [
  [0, 5, 10, 15, 8, 9],
  [1, 6, 11, 12, 10, 11],
  [3, 4, 9, 14, 14, 15],
  [2, 7, 8, 13, 12, 13],
];

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Loads word `index` of all four messages. A word has 16 bytes in WORDS_AT. */
const word = (index: number): string => (index === 0 ? 'v128.load(WORDS_AT)' : `v128.load(WORDS_AT, ${16 * index})`);

/** Rotations by 12 and 7 bits have no byte shuffle. */
const rotateBits = (name: string, bits: number): string =>
  `${name} = v128.or(i32x4.shr_u(${name}, ${bits}), i32x4.shl(${name}, ${32 - bits}));`;

/** Rotations by 16 and 8 bits move whole bytes. The condition is constant in each build. */
function rotateBytes(name: string, bits: 16 | 8): string[] {
  const plain =
    bits === 16 ? `v128.shuffle<u16>(${name}, ${name}, 1, 0, 3, 2, 5, 4, 7, 6)` : `v128.swizzle(${name}, rotate8)`;
  return [
    // The mask from memory at each use: a v128 literal would be rebuilt, and a local would take one of 15 registers.
    `if (ASC_FEATURE_RELAXED_SIMD) ${name} = i8x16.relaxed_swizzle(${name}, v128.load(ROTATE_${bits}_AT));`,
    `else ${name} = ${plain};`,
  ];
}

function mix([a, b, c, d, x, y]: Step, order: readonly number[]): string[] {
  const half = (position: number, bits: 16 | 8, shift: number): string[] => [
    // (a + m) + b: the addition of the message does not wait for b.
    `v${a} = i32x4.add(i32x4.add(v${a}, ${word(order[position]!)}), v${b});`,
    `v${d} = v128.xor(v${d}, v${a});`,
    ...rotateBytes(`v${d}`, bits),
    `v${c} = i32x4.add(v${c}, v${d});`,
    `v${b} = v128.xor(v${b}, v${c});`,
    rotateBits(`v${b}`, shift),
  ];
  return [...half(x, 16, 12), ...half(y, 8, 7)];
}

function rounds(): string[] {
  const lines: string[] = [];
  let order = range(16);
  for (let round = 0; round < ROUNDS; round++) {
    lines.push('', `// Round ${round + 1}`);
    // V8 keeps what it loaded in registers as long as nothing can have changed it, and then spills half of them. It
    // cannot know that this store (of what the result overwrites) changes no message word, so each round loads anew.
    if (round > 0) lines.push('if (ASC_FEATURE_RELAXED_SIMD) store<u32>(out, 0);');
    for (const step of [...COLUMNS, ...DIAGONALS]) lines.push(...mix(step, order));
    order = PERMUTATION.map((from) => order[from]!);
  }
  return lines;
}

/** Turns four rows a, b, c, d of four 32-bit words into columns: `emit` gets the expressions of the four results. */
function transpose(rows: readonly string[], emit: (results: readonly string[]) => string[]): string[] {
  const [a, b, c, d] = rows;
  return [
    `t0 = v128.shuffle<u32>(${a}, ${b}, 0, 4, 1, 5);`,
    `t1 = v128.shuffle<u32>(${a}, ${b}, 2, 6, 3, 7);`,
    `t2 = v128.shuffle<u32>(${c}, ${d}, 0, 4, 1, 5);`,
    `t3 = v128.shuffle<u32>(${c}, ${d}, 2, 6, 3, 7);`,
    ...emit([
      'v128.shuffle<u64>(t0, t2, 0, 2)',
      'v128.shuffle<u64>(t0, t2, 1, 3)',
      'v128.shuffle<u64>(t1, t3, 0, 2)',
      'v128.shuffle<u64>(t1, t3, 1, 3)',
    ]),
  ];
}

const at = (base: string, offset: number): string => (offset === 0 ? base : `${base}, ${offset}`);
const storeAt = (base: string, value: string, offset: number): string =>
  `v128.store(${base}, ${value}${offset === 0 ? '' : `, ${offset}`});`;

function loadWords(): string[] {
  return range(4).flatMap((group) => [
    ...range(4).map((lane) => `r${lane} = v128.load(${at(`lane${lane}`, 16 * group)});`),
    ...transpose(['r0', 'r1', 'r2', 'r3'], (results) =>
      results.map((result, i) => storeAt('WORDS_AT', result, 16 * (4 * group + i))),
    ),
  ]);
}

function storeNodes(): string[] {
  return range(2).flatMap((half) =>
    transpose(
      range(4).map((i) => `h${4 * half + i}`),
      (results) => results.map((result, lane) => storeAt('out', result, 32 * lane + 16 * half)),
    ),
  );
}

/** The text of assembly/compress4.ts. */
export function compress4Source(): string {
  const body = [
    ...range(8).map((i) => `let h${i} = v128.load32_splat(${at('key', 4 * i)});`),
    ...range(4).map((i) => `const iv${i} = v128.load32_splat(${at('IV_AT', 4 * i)});`),
    '// For the plain build: it runs on older engines, which do better with a local.',
    'const rotate8 = v128.load(ROTATE_8_AT);',
    ...range(4).map((i) => `let lane${i} = input${i === 0 ? '' : ` + ${i === 1 ? '' : `${i} * `}stride`};`),
    'let r0: v128, r1: v128, r2: v128, r3: v128;',
    'let t0: v128, t1: v128, t2: v128, t3: v128;',
    'let flags = mode | first;',
    'let bytes: u32 = 64;',
    '',
    'while (true) {',
    'blocks--;',
    'if (blocks === 0) {',
    'flags |= last;',
    'bytes = lastBytes;',
    '}',
    ...loadWords(),
    ...range(4).map((i) => `lane${i} += 64;`),
    '',
    ...range(8).map((i) => `let v${i} = h${i};`),
    ...range(4).map((i) => `let v${8 + i} = iv${i};`),
    'let v12 = counterLow;',
    'let v13 = counterHigh;',
    'let v14 = i32x4.splat(bytes);',
    'let v15 = i32x4.splat(flags);',
    ...rounds(),
    '',
    ...range(8).map((i) => `h${i} = v128.xor(v${i}, v${i + 8});`),
    'if (blocks === 0) break;',
    'flags = mode;',
    '}',
    '',
    ...storeNodes(),
  ];
  let depth = 1;
  const indented = body.map((line) => {
    if (line.startsWith('}')) depth--;
    const text = line === '' ? '' : '  '.repeat(depth) + line;
    if (line.endsWith('{')) depth++;
    return text;
  });
  return `// GENERATED by tools/generate-compress4.ts: do not edit.

import { IV_AT, ROTATE_8_AT, ROTATE_16_AT, WORDS_AT } from './memory';

/**
 * Compresses \`blocks\` (1 or more) messages of 64 bytes in each of four lanes, one after the other, and writes the four
 * nodes to \`out\`. Lane i begins at \`input + i * stride\`. The last message counts as \`lastBytes\` long; the first adds
 * the flags \`first\`, the last the flags \`last\`. \`out\` must not overlap messages that are still to come.
 */
export function compress4(
  input: usize,
  stride: usize,
  blocks: u32,
  lastBytes: u32,
  key: usize,
  counterLow: v128,
  counterHigh: v128,
  mode: u32,
  first: u32,
  last: u32,
  out: usize,
): void {
${indented.join('\n')}
}
`;
}

if (isMain(import.meta.url)) writeFileSync(COMPRESS4_FILE, compress4Source());
