// Unpacks the browser of @sparticuz/chromium: `node unpack.mjs FOLDER` puts the program and its libraries there.
// The package is made for Lambda and unpacks into the shared folder for temporary files when it runs; the tests'
// programs are in a folder of their own.

import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

const [folder] = process.argv.slice(2);
const packed = join(import.meta.dirname, "node_modules/@sparticuz/chromium/bin");
const unpack = (name, to, mode) => writeFileSync(to, brotliDecompressSync(readFileSync(join(packed, name))), { mode });

unpack("chromium.br", join(folder, "chromium"), 0o755);
for (const name of ["al2023", "swiftshader", "fonts"]) {
  const archive = join(folder, `${name}.tar`);
  unpack(`${name}.tar.br`, archive, 0o644);
  execFileSync("tar", ["-xf", archive, "-C", folder]);
  rmSync(archive);
}
