// The part of node:zlib that workerd has and the adapters use; the Workers types do not declare Node's modules.
declare module 'node:zlib' {
  interface ZlibOptions {
    readonly level?: number;
    readonly maxOutputLength?: number;
  }
  export function zstdCompressSync(bytes: Uint8Array, options?: ZlibOptions): Uint8Array<ArrayBuffer>;
  export function zstdDecompressSync(bytes: Uint8Array, options?: ZlibOptions): Uint8Array<ArrayBuffer>;
  export function deflateSync(bytes: Uint8Array, options?: ZlibOptions): Uint8Array<ArrayBuffer>;
  export function inflateSync(bytes: Uint8Array, options?: ZlibOptions): Uint8Array<ArrayBuffer>;
}
