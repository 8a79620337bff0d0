// Draws Slack's blocks as a page: a JSON list in, HTML out. Each is a message, a form or a Home.
import { createElement as h } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { Message } from "slack-blocks-to-jsx";

const style = readFileSync(
  new URL("node_modules/slack-blocks-to-jsx/dist/style.css", import.meta.url), "utf8");
const frame = `
  body { margin: 0; background: #fff; font-family: Lato, "Helvetica Neue", Arial, sans-serif }
  body.many { columns: 600px; column-gap: 0; column-fill: auto; height: 100vh }
  figure { margin: 0; padding: 16px 20px; width: 560px; break-inside: avoid }
  figcaption { font-size: 12px; color: #777; padding-bottom: 4px }
  .window { border: 1px solid #ddd; border-radius: 12px; box-shadow: 0 4px 18px #0002 }
  .bar { display: flex; justify-content: space-between; padding: 14px 20px; font-weight: 900;
    font-size: 18px; border-bottom: 1px solid #eee }
  .feet { display: flex; justify-content: flex-end; gap: 8px; padding: 14px 20px; margin-top: 10px;
    border-top: 1px solid #eee }
  .feet span { border: 1px solid #bbb; border-radius: 8px; padding: 8px 14px; font-weight: 700;
    font-size: 15px }
  .feet .main { background: #007a5a; border-color: #007a5a; color: #fff }
  .window section > .shrink-0, .window div.slack_blocks_to_jsx--header { display: none !important }
  .window section { padding: 4px 20px; box-sizing: border-box; width: auto !important }
  .field { padding: 8px 20px; font-size: 15px }
  .field b small { font-weight: 400; color: #777 }
  .field i { font-style: normal; color: #777; font-size: 13px }
  .box { border: 1px solid #aaa; border-radius: 6px; padding: 7px 12px; margin-top: 4px;
    white-space: pre-wrap; min-height: 18px; color: #777 }
  .box.full { color: #1d1c1d }
  .box.tall { min-height: 60px }
  .options { margin-top: 4px; line-height: 1.6 }`;
const all = JSON.parse(await text(process.stdin));
const logo = "data:image/svg+xml," + encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 36 36"><rect width="36" height="36" rx="8"
  fill="#2b4c5e"/><path d="M11 15a8 8 0 0 1 14 0M25 21a8 8 0 0 1-14 0" fill="none" stroke="#fff"
  stroke-width="3"/></svg>`);

// What the renderer leaves out: the fields of a form, as plainly as can be.
function field(block, key) {
  const { element } = block, chosen = element.initial_options ?? [element.initial_option];
  const on = option => chosen.some(each => each?.value === option.value);
  const signs = { radio_buttons: ["○", "◉"], checkboxes: ["☐", "☑"] }[element.type];
  const start = element.initial_value ?? (element.options ?? []).filter(on).map(o => o.text.text)
    .join(", ");
  const moment = element.initial_date_time
    && new Date(element.initial_date_time * 1000).toISOString().slice(0, 16).replace("T", ", ");
  const box = start || moment || (element.type === "plain_text_input" ? "" : "Choose…");
  const looks = ["box", start || moment ? "full" : "", element.multiline ? "tall" : ""].join(" ");
  const many = signs && element.options.map((option, no) => h("div", { key: no },
    `${signs[Number(on(option))]} ${option.text.text} `, h("i", null, option.description?.text)));
  return h("div", { className: "field", key },
    h("b", null, block.label.text, block.optional && h("small", null, " (optional)")),
    many ? h("div", { className: "options" }, many) : h("div", { className: looks }, box),
    block.hint && h("i", null, block.hint.text));
}

function drawnBlocks(blocks) {
  const runs = [];
  for (const block of blocks) {
    const last = runs.at(-1);
    if (block.type === "input") runs.push(block);
    else if (Array.isArray(last)) last.push(block);
    else runs.push([block]);
  }
  return runs.map((run, key) => Array.isArray(run) ? h(Message, { key, blocks: run, logo,
    name: "Turnabout", theme: "light", time: new Date("2026-11-02T09:30:00Z") })
    : field(run, key));
}

function picture(drawn, key) {
  const bar = drawn.title && h("div", { className: "bar" }, drawn.title.text, h("span", null, "×"));
  const feet = drawn.close && h("div", { className: "feet" }, h("span", null, drawn.close.text),
    drawn.submit && h("span", { className: "main" }, drawn.submit.text));
  return h("figure", { key },
    drawn.caption && h("figcaption", null, drawn.caption),
    h("div", { className: drawn.type ? "window" : "" }, bar, drawnBlocks(drawn.blocks), feet));
}

const many = all.length > 1 ? "many" : "";
process.stdout.write(`<!doctype html><meta charset="utf-8"><style>${style}${frame}</style>`
  + `<body class="${many}">` + renderToStaticMarkup(h("main", null, all.map(picture))));
