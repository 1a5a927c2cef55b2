// Looks at the console in Chromium: node look.mjs SCENE URL [USER'S TOKEN, OPERATOR'S TOKEN]. Fails loudly, and leaves pictures.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import axe from "axe-core";
import { chromium } from "playwright-core";

const [scene, url, userToken, operatorToken] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  // As root there is no sandbox; and the page is to be alone with its server.
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
});
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 360, height: 740 } };

/** A page that fails the test by any error, any breach of its policy, and any request to somebody else. */
async function open(options = {}) {
  const context = await browser.newContext({ viewport: SIZES.desktop, reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  const faults = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && faults.push(message.text()));
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("request", (request) => new URL(request.url()).origin === url || request.url().startsWith("data:") || faults.push(request.url()));
  await page.goto(url);
  return { context, page, faults };
}

async function check(page, faults, name) {
  const source = readFileSync(new URL(import.meta.resolve("axe-core/axe.min.js")), "utf8");
  // By the debugger, because the page's policy lets no other script in.
  await page.evaluate(source);
  const { violations } = await page.evaluate(() => axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
  const told = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join("; ")}`);
  assert.deepEqual(told, [], `${name}: accessibility`);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(overflow <= 0, `${name}: ${overflow} pixels too wide`);
  await page.screenshot({ path: `${name}.png`, fullPage: true });
  assert.deepEqual(faults, [], `${name}: console and requests`);
}

/** The picture and the checks, in each size and scheme. */
async function pictures(ready, options = {}) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    for (const colorScheme of ["light", "dark"]) {
      const { context, page, faults } = await open({ viewport, colorScheme, ...options });
      await ready?.(page);
      await check(page, faults, `${scene}-${size}-${colorScheme}`);
      await context.close();
    }
  }
}

const verdict = (page) => page.locator("#verdict .title").innerText();
const clock = (page) => page.locator("#clock").innerText();
const changed = (page, from) => page.waitForFunction((from) => document.getElementById("clock").innerText !== from, from);

const scenes = {
  async well() {
    const { context, page, faults } = await open();
    assert.equal(await verdict(page), "Every wall holds.");

    // It keeps itself up to date, and whoever is in it keeps their place.
    await page.locator("#walls-scroll").focus();
    const before = await clock(page);
    await changed(page, before);
    assert.equal(await page.evaluate(() => document.activeElement.id), "walls-scroll");
    assert.match(await page.title(), /^Every wall holds\. /);

    // The keyboard alone: the way past the head comes first, then what can be done, then what can be read.
    await page.evaluate(() => document.activeElement.blur());
    await page.reload();
    const stops = [];
    for (let stop = 0; stop < 7; stop += 1) {
      await page.keyboard.press("Tab");
      stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute("href")));
      const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
      assert.equal(outline, "solid", `the focus is not seen on ${stops.at(-1)}`);
    }
    assert.deepEqual(stops.slice(0, 3), ["#figures", "pause", "walls-scroll"]);
    assert.ok(stops.includes("/metrics"), stops.join());

    // A pause holds, its end does not wait.
    await page.locator("#pause").focus();
    await page.keyboard.press("Space");
    assert.equal(await page.locator("#pause").getAttribute("aria-pressed"), "true");
    let asked = 0;
    page.on("request", () => (asked += 1));
    const paused = await clock(page);
    await page.waitForTimeout(4000);
    assert.equal(asked, 0, "it asks while paused");
    await page.keyboard.press("Space");
    await changed(page, paused);

    // Nobody looks at a hidden tab.
    const hide = (hidden) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await hide(true);
    await page.waitForTimeout(500);
    asked = 0;
    await page.waitForTimeout(4000);
    assert.equal(asked, 0, "it asks while hidden");
    await hide(false);
    await page.waitForTimeout(500);
    assert.equal(asked, 1, "it asks as soon as it is seen");
    assert.deepEqual(faults, []);

    // The server is gone: it says so, and heals.
    await context.setOffline(true);
    await page.locator("#trouble").waitFor({ state: "visible" });
    assert.match(await page.locator("#trouble").innerText(), /does not answer/);
    await page.screenshot({ path: "stale-desktop-light.png" });
    await context.setOffline(false);
    await page.locator("#trouble").waitFor({ state: "hidden" });
    await context.close();

    // Without JavaScript it is whole.
    const plain = await open({ javaScriptEnabled: false });
    assert.equal(await verdict(plain.page), "Every wall holds.");
    assert.equal(await plain.page.locator("#pause").isVisible(), false);
    assert.match(await plain.page.locator("body").innerText(), /orders_service/);
    await plain.context.close();

    // Motion is for those who did not ask for less.
    for (const [reducedMotion, seconds] of [["reduce", "0s"], ["no-preference", "0.15s, 0.15s"]]) {
      const { context, page } = await open({ reducedMotion });
      const transition = await page.evaluate(() => getComputedStyle(document.getElementById("pause")).transitionDuration);
      assert.equal(transition, seconds);
      await context.close();
    }
    await pictures();
  },

  async breach() {
    await pictures(async (page) => {
      assert.equal(await verdict(page), "A wall is breached.");
      const link = page.locator("td.bad a").first();
      const target = await link.getAttribute("href");
      await link.click();
      assert.match(await page.locator(target).innerText(), /Allows: /);
      assert.ok(await page.locator(target).evaluate((finding) => finding.matches(":target")));
    });
  },

  async away() {
    await pictures(async (page) => {
      assert.equal(await verdict(page), "users does not answer.");
      await changed(page, await clock(page));
    });
  },

  async token() {
    await pictures();
    const { context, page } = await open();
    const give = async (token) => {
      await page.getByLabel("Token").fill(token);
      await page.keyboard.press("Enter");
    };
    assert.equal(await page.locator("section").count(), 0);
    for (const [token, answer] of [["nonsense", /not accepted/], [userToken, /not an operator/]]) {
      await give(token);
      await page.locator("#refused").waitFor({ state: "visible" });
      assert.match(await page.locator("#refused").innerText(), answer);
      assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    }
    await give(operatorToken);
    await page.locator("section#walls").waitFor();
    assert.equal(await verdict(page), "Every wall holds.");
    await page.reload();
    await page.locator("section#walls").waitFor();
    assert.equal(page.url(), `${url}/`);
    assert.deepEqual(await context.cookies(), []);
    await check(page, [], "token-given-desktop-light");
    await page.getByRole("button", { name: "Forget the token" }).click();
    assert.equal(await page.locator("section").count(), 0);
    assert.equal(await page.evaluate(() => sessionStorage.length), 0);
    assert.equal(await page.evaluate(() => document.activeElement.id), "token");
    await page.waitForTimeout(4000);
    assert.equal(await page.locator("section").count(), 0);
    await context.close();
  },
};

try {
  await scenes[scene]();
  console.log(`${scene}: well`);
} finally {
  await browser.close();
}
