// Draws Slack's blocks as a page: JSON in, HTML out. Each picture is a message, a form or a Home.
import { createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { readFileSync } from "node:fs";
import { Message } from "slack-blocks-to-jsx";

const style = readFileSync(
  new URL("node_modules/slack-blocks-to-jsx/dist/style.css", import.meta.url), "utf8");
const frame = `
  body { margin: 0; background: #fff; font-family: Lato, "Helvetica Neue", Arial, sans-serif }
  #picture { padding: 16px 20px; width: 560px }
  .window { border: 1px solid #ddd; border-radius: 12px; box-shadow: 0 4px 18px #0002 }
  .bar { display: flex; justify-content: space-between; padding: 14px 20px; font-weight: 900;
    font-size: 18px; border-bottom: 1px solid #eee }
  .feet { display: flex; justify-content: flex-end; gap: 8px; padding: 14px 20px;
    border-top: 1px solid #eee }
  .feet span { border: 1px solid #bbb; border-radius: 8px; padding: 8px 14px; font-weight: 700;
    font-size: 15px }
  .feet .main { background: #007a5a; border-color: #007a5a; color: #fff }
  .window .shrink-0, .window div.slack_blocks_to_jsx--header { display: none !important }
  .window section { padding: 8px 20px 16px; box-sizing: border-box; width: auto !important }`;
const drawn = JSON.parse(readFileSync(0, "utf8"));
const logo = "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="8"
  fill="#2b4c5e"/><path d="M11 15a8 8 0 0 1 14 0M25 21a8 8 0 0 1-14 0" fill="none" stroke="#fff"
  stroke-width="3"/></svg>`);
const message = h(Message, { blocks: drawn.blocks, logo, name: drawn.name, theme: "light",
  time: new Date("2026-11-02T09:30:00Z") });
const bar = drawn.title && h("div", { className: "bar" }, drawn.title, h("span", null, "×"));
const feet = drawn.submit && h("div", { className: "feet" },
  h("span", null, drawn.close), h("span", { className: "main" }, drawn.submit));
const whole = h("div", { id: "picture" },
  h("div", { className: drawn.type ? "window" : "" }, bar, message, feet));
process.stdout.write(`<!doctype html><meta charset="utf-8"><style>${style}${frame}</style>`
  + renderToStaticMarkup(whole));
