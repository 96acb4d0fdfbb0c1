import { readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Writes a .gz and a .br beside every file that shrinks, so that the server only reads files. */
function precompress(): Plugin {
  const shrinks = /\.(js|css|svg|json|webmanifest)$/;
  return {
    name: "precompress",
    apply: "build",
    generateBundle: {
      order: "post",
      handler(_, bundle) {
        for (const [fileName, file] of Object.entries(bundle)) {
          if (!shrinks.test(fileName)) continue;
          const body = Buffer.from(file.type === "chunk" ? file.code : file.source);
          if (body.length < 512) continue;
          const brotli = brotliCompressSync(body, {
            params: { [constants.BROTLI_PARAM_QUALITY]: 11 },
          });
          this.emitFile({ type: "asset", fileName: `${fileName}.br`, source: brotli });
          const gzip = gzipSync(body, { level: 9 });
          this.emitFile({ type: "asset", fileName: `${fileName}.gz`, source: gzip });
        }
      },
    },
  };
}

interface Emoji {
  unicode: string;
  hexcode: string;
  group?: number;
  order?: number;
  tags?: string[];
}

/** `virtual:emoji`: [character, short names, group, words], small enough to load when asked for. */
function emoji(): Plugin {
  const name = "virtual:emoji";
  const read = (path: string): unknown =>
    JSON.parse(readFileSync(`${import.meta.dirname}/node_modules/emojibase-data/${path}`, "utf8"));
  return {
    name: "emoji",
    resolveId: (id) => (id === name ? `\0${name}` : null),
    load(id) {
      if (id !== `\0${name}`) return null;
      const all = read("en/compact.json") as Emoji[];
      const names = read("en/shortcodes/github.json") as Record<string, string | string[]>;
      const rows = all
        .filter((each) => each.group !== undefined && each.group !== 2 && names[each.hexcode])
        .sort((one, other) => (one.order ?? 0) - (other.order ?? 0))
        .map((each) => [each.unicode, [names[each.hexcode]].flat(), each.group, each.tags ?? []]);
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(rows))});`;
    },
  };
}

export default defineConfig({
  plugins: [emoji(), precompress()],
  server: { proxy: { "/chat": { target: "ws://127.0.0.1:8080", ws: true } } },
  build: {
    outDir: "../src/hubbub/web",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rollupOptions: {
      input: { index: "index.html", sw: "src/worker/sw.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
      },
    },
  },
  test: { include: ["src/**/*.test.ts", "src/**/*.test.tsx"] },
});
