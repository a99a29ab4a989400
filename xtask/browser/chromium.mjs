// Does what the tests need of Chromium, with a build that lacks `--dump-dom`: `node chromium.mjs FOLDER … --dump-dom URL` prints the page
// as it is after loading, and `--version` prints the browser's version. FOLDER is where `unpack.mjs` put the program.

import { execFileSync } from "node:child_process";
import { join } from "node:path";
import puppeteer from "puppeteer-core";

const [folder, ...given] = process.argv.slice(2);
const executablePath = join(folder, "chromium");
const env = { ...process.env, LD_LIBRARY_PATH: join(folder, "lib") };

if (given.includes("--version")) {
  process.stdout.write(execFileSync(executablePath, ["--version"], { env }));
} else {
  const at = given.indexOf("--dump-dom");
  const url = given[at + 1];
  if (at < 0 || !url) throw new Error("only --dump-dom URL and --version are supported here");
  const args = given.filter((word) => word.startsWith("--") && word !== "--dump-dom" && word !== "--headless");
  const browser = await puppeteer.launch({ executablePath, env, args, headless: "shell" });
  try {
    const page = await browser.newPage();
    await page.goto(url);
    process.stdout.write(`${await page.content()}\n`);
  } finally {
    await browser.close();
  }
}
