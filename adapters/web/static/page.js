"use strict";

/* The page's manners: it draws what the server sends, and never loses what somebody typed.
   What is typed in private lives in this page's memory only, never in the browser's storage. */

const people = document.querySelector(".people");
const bar = document.querySelector(".bar");
const banner = document.querySelector("[data-banner]");
const pair = people ? people.dataset.pair : "";
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const panes = new Map();

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.json();
}

function fragment(html) {
  const made = document.createElement("template");
  made.innerHTML = html;
  return made.content;
}

function newId() {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
}

function tellAll(text, moments = 0) {
  banner.textContent = text;
  banner.hidden = !text;
  clearTimeout(tellAll.timer);
  if (text && moments) tellAll.timer = setTimeout(() => tellAll(""), moments);
}

/* A form: its pages, its answers, and what was typed into it. */

class Sheet {
  constructor(form) {
    this.form = form;
    this.item = form.dataset.item;
    this.pages = [...form.querySelectorAll("[data-page]")];
    this.page = Number(form.dataset.first) - 1;
    form.addEventListener("input", (event) => this.changed(event.target));
    form.addEventListener("click", (event) => this.clicked(event));
    this.clears();
    this.show();
  }

  part(name) {
    return this.form.querySelector(`[data-${name}]`);
  }

  last() {
    return this.page >= this.pages.length - 1;
  }

  show() {
    this.pages.forEach((page, n) => { page.hidden = n !== this.page; });
    const steps = this.part("steps");
    if (!steps) return;
    steps.textContent = this.pages[this.page].dataset.step;
    this.part("back").hidden = this.page === 0;
    this.part("next").hidden = this.last();
    this.part("send").hidden = !this.last();
  }

  go(page) {
    this.page = Math.max(0, Math.min(page, this.pages.length - 1));
    this.show();
    this.form.querySelector(".sheet-body").scrollTop = 0;
    const here = this.pages[this.page];
    (here.querySelector(".page-title") || here.querySelector("input, textarea, select"))?.focus();
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if ("next" in button.dataset) this.go(this.page + 1);
    if ("back" in button.dataset) this.go(this.page - 1);
    if ("clear" in button.dataset) {
      for (const input of this.named(button.dataset.clear)) input.checked = false;
      this.clears();
      this.named(button.dataset.clear)[0]?.focus();
    }
  }

  /* Own words and a choice stand in for one another: the later of the two counts. */
  changed(field) {
    if (field.dataset.beside && field.value.trim()) {
      delete field.dataset.unused;
      for (const input of this.named(field.dataset.beside)) {
        if (input.type === "select-one") input.value = "";
        else input.checked = false;
      }
    } else if (field.name && field.value && (field.checked || field.type === "select-one")) {
      const own = this.texts().find((text) => text.dataset.beside === field.name);
      if (own && own.value.trim()) own.dataset.unused = "";
    }
    this.clears();
  }

  clears() {
    for (const button of this.form.querySelectorAll("[data-clear]")) {
      button.hidden = !this.named(button.dataset.clear).some((input) => input.checked);
    }
  }

  named(name) {
    return [...this.form.elements].filter((field) => field.name === name);
  }

  texts() {
    return [...this.form.querySelectorAll("[data-kind='text']")];
  }

  answers() {
    const found = {};
    for (const field of this.form.querySelectorAll("[data-kind='text'], [data-kind='select']")) {
      found[field.name] = field.value && !("unused" in field.dataset) ? [field.value] : [];
    }
    for (const group of this.form.querySelectorAll("[data-kind='choice']")) {
      const chosen = this.named(group.dataset.name).filter((input) => input.checked);
      found[group.dataset.name] = chosen.map((input) => input.value);
    }
    const shared = [...this.form.querySelectorAll("[data-share]")];
    if (this.form.dataset.switch) {
      const on = shared.filter((input) => input.checked);
      found[this.form.dataset.switch] = on.map((input) => input.dataset.share);
    }
    return found;
  }

  /* Everything as it stands, unused words too, to be put back later. */
  snapshot() {
    const fields = [...this.form.elements].filter((field) => field.name || field.dataset.share);
    return {
      page: this.page,
      fields: fields.map((field) => ({
        name: field.name || "",
        share: field.dataset.share || "",
        value: field.value,
        checked: Boolean(field.checked),
        unused: "unused" in field.dataset,
        ticks: field.type === "radio" || field.type === "checkbox",
      })),
    };
  }

  restore(kept, { typed = false } = {}) {
    const lost = [];
    for (const was of kept.fields) {
      const field = [...this.form.elements].find((each) =>
        was.share
          ? each.dataset.share === was.share
          : each.name === was.name && (!was.ticks || each.value === was.value));
      if (!field) {
        if (!was.ticks && was.value.trim()) lost.push(was.value);
      } else if (was.ticks) {
        if (!typed) field.checked = was.checked;
      } else if (!typed || (!field.value && was.value)) {
        field.value = was.value;
        if (was.unused) field.dataset.unused = "";
      }
    }
    this.clears();
    return lost;
  }

  say(text) {
    const notice = this.part("notice");
    notice.textContent = text;
    notice.hidden = !text;
    this.form.querySelector(".sheet-body").scrollTop = 0;
  }

  /* Words that have no line of their own any more, kept to be copied. */
  keep(words) {
    if (!words.length) return;
    const box = document.createElement("div");
    box.className = "fault-kept";
    const label = document.createElement("label");
    label.className = "asks";
    label.textContent = people.dataset.kept;
    const area = document.createElement("textarea");
    area.readOnly = true;
    area.rows = Math.min(8, words.length + 1);
    area.value = words.join("\n\n");
    label.append(area);
    box.append(label);
    this.part("notice").after(box);
  }
}

/* One person: their chat, their Home, their form. */

class Pane {
  constructor(section) {
    this.section = section;
    this.user = section.dataset.user;
    this.inside = section.querySelector("[data-inside]");
    this.log = section.querySelector("[data-log]");
    this.empty = section.querySelector("[data-empty]");
    this.home = section.querySelector("[data-panel='home']");
    this.dialog = section.querySelector("[data-dialog]");
    this.trouble = section.querySelector("[data-trouble]");
    this.text = section.querySelector("[data-text]");
    this.tabs = [...section.querySelectorAll("[role='tab']")];
    this.told = `told ${pair} ${this.user}`;
    this.drafts = new Map();
    this.sheet = null;
    this.busy = false;
    this.first = true;
    this.follow = false;
    section.addEventListener("click", (event) => this.clicked(event));
    section.addEventListener("keydown", (event) => this.typed(event));
    section.querySelector("[data-say]").addEventListener("submit", (event) => this.say(event));
    this.dialog.addEventListener("submit", (event) => this.send(event));
    this.dialog.addEventListener("cancel", (event) => { event.preventDefault(); this.close(); });
  }

  act(body) {
    return post("/act", { user: this.user, pair, id: newId(), ...body });
  }

  clicked(event) {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.press) this.press(button);
    else if (button.dataset.tab) this.turn(button.dataset.tab);
    else if ("close" in button.dataset) this.close();
  }

  typed(event) {
    if (event.key === "Escape" && this.sheet) {
      event.preventDefault();
      this.close();
    }
    const at = this.tabs.indexOf(event.target);
    const step = { ArrowRight: 1, ArrowLeft: -1, Home: -at, End: this.tabs.length - 1 - at }[event.key];
    if (at >= 0 && step !== undefined) {
      event.preventDefault();
      const next = this.tabs[(at + step + this.tabs.length) % this.tabs.length];
      this.turn(next.dataset.tab);
      next.focus();
    }
  }

  turn(name) {
    for (const tab of this.tabs) {
      const on = tab.dataset.tab === name;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      this.section.querySelector(`[data-panel='${tab.dataset.tab}']`).hidden = !on;
    }
    if (name === "chat") this.settle();
  }

  async press(button) {
    if (this.busy) return;
    this.hold(true, button);
    try {
      const fromHome = this.home.contains(button);
      const reply = await this.act({
        kind: "press", item: button.dataset.item, action: button.dataset.press,
      });
      this.warn("");
      if (!reply.sheet) {
        if (fromHome) this.turn("chat");
        this.follow = !reply.bubble;
      }
      if (reply.bubble) this.tell(reply.bubble);
      if (reply.sheet) this.open(reply.sheet);
    } catch {
      this.warn(people.dataset.offline);
    } finally {
      this.hold(false, button);
    }
    await this.refresh();
  }

  async say(event) {
    event.preventDefault();
    const text = this.text.value;
    if (!text.trim()) return;
    while (this.busy) await this.free;  // typed while an answer is on its way: sent after it
    if (this.text.value !== text) return;
    this.hold(true);
    const mine = this.bubble("mine", document.createTextNode(text), this.log.dataset.you);
    this.text.value = "";
    try {
      const reply = await this.act({ kind: "say", text });
      this.warn("");
      if (reply.bubble) this.tell(reply.bubble);
      if (reply.sheet) this.open(reply.sheet);
      if (!reply.ok) this.giveBack(text, mine);
    } catch {
      this.giveBack(text, mine);
      this.warn(people.dataset.offline);
    } finally {
      this.hold(false);
    }
    await this.refresh();
  }

  giveBack(text, mine) {
    mine.remove();
    this.text.value = this.text.value ? `${text} ${this.text.value}` : text;
  }

  async send(event) {
    event.preventDefault();
    const sheet = this.sheet;
    if (!sheet || this.busy) return;
    if (!sheet.last()) {
      sheet.go(sheet.page + 1);
      return;
    }
    const body = { kind: "submit", item: sheet.item, answers: sheet.answers() };
    const again = sheet.unanswered && sheet.unanswered.said === JSON.stringify(body);
    const id = again ? sheet.unanswered.id : newId();
    sheet.unanswered = { said: JSON.stringify(body), id };
    const button = sheet.part("send");
    this.hold(true, button);
    try {
      const reply = await this.act({ ...body, id });
      sheet.unanswered = null;
      if (reply.sheet) {
        this.mend(reply.sheet);
      } else if (reply.ok) {
        this.drafts.delete(sheet.item);
        this.shut();
        this.turn("chat");
        this.follow = true;
        if (reply.bubble) this.tell(reply.bubble);
      } else {
        sheet.say(reply.notice || people.dataset.again);
      }
    } catch {
      sheet.say(people.dataset.offline);
    } finally {
      this.hold(false, button);
    }
    await this.refresh();
  }

  hold(on, button) {
    this.busy = on;
    if (on) this.free = new Promise((resolve) => { this.freed = resolve; });
    else this.freed();
    this.section.setAttribute("aria-busy", String(on));
    button?.classList.toggle("waiting", on);
  }

  warn(text) {
    this.trouble.textContent = text;
    this.trouble.hidden = !text;
  }

  /* The form over the pane. The rest of the pane is inert meanwhile; the other person is not. */

  open(html) {
    if (this.sheet) this.drafts.set(this.sheet.item, this.sheet.snapshot());
    this.draw(html);
    const kept = this.drafts.get(this.sheet.item);
    if (kept) {
      this.sheet.restore(kept);
      this.sheet.go(kept.page);
    }
    if (!this.dialog.open) this.dialog.show();
    this.inside.inert = true;
    this.dialog.querySelector("h3").focus();
  }

  draw(html) {
    this.dialog.replaceChildren(fragment(html));
    this.sheet = new Sheet(this.dialog.querySelector("form"));
  }

  mend(html) {
    const was = this.sheet.snapshot();
    this.draw(html);
    this.sheet.keep(this.sheet.restore(was, { typed: true }));
    const wrong = this.dialog.querySelector(
      ".page:not([hidden]) [aria-invalid='true']:not(fieldset), .page:not([hidden]) [aria-invalid='true'] input");
    (wrong || this.dialog.querySelector("h3")).focus();
  }

  close() {
    if (this.sheet) this.drafts.set(this.sheet.item, this.sheet.snapshot());
    this.shut();
    (this.live() || this.log).focus({ preventScroll: true });
  }

  shut() {
    this.inside.inert = false;
    this.dialog.close();
    this.dialog.replaceChildren();
    this.sheet = null;
  }

  /* The chat. */

  live() {
    return [...this.log.querySelectorAll("article:not(.past)")].pop();
  }

  bubble(kind, content, label) {
    const made = document.createElement("div");
    made.className = `bubble ${kind} arrived`;
    const who = document.createElement("span");
    who.className = "hidden";
    who.textContent = label;
    made.append(who, content);
    this.log.append(made);
    this.empty.hidden = true;
    this.reveal(made);
    return made;
  }

  tell(html) {
    const last = [...this.log.querySelectorAll("article")].pop();
    const notices = this.notices();
    notices.push({ after: last ? last.dataset.message : "", html });
    sessionStorage.setItem(this.told, JSON.stringify(notices.slice(-30)));
    this.bubble("bot", fragment(html), this.log.dataset.bot);
  }

  notices() {
    try {
      return JSON.parse(sessionStorage.getItem(this.told)) || [];
    } catch {
      return [];
    }
  }

  retell() {
    for (const { after, html } of this.notices()) {
      const made = this.bubble("bot", fragment(html), this.log.dataset.bot);
      made.classList.remove("arrived");
      let place = this.log.querySelector(`article[data-message='${CSS.escape(after)}']`);
      while (place && place.nextElementSibling?.matches(".bubble") && place.nextElementSibling !== made) {
        place = place.nextElementSibling;
      }
      if (place && place.nextElementSibling !== made) place.after(made);
    }
  }

  reveal(element) {
    const box = this.log.getBoundingClientRect();
    const at = element.getBoundingClientRect();
    if (!box.height || (at.top >= box.top && at.bottom <= box.bottom)) return;
    const top = this.log.scrollTop + at.top - box.top - 14;
    const bottom = this.log.scrollTop + at.bottom - box.bottom + 18;
    const to = at.top < box.top ? top : Math.min(top, bottom);
    this.log.scrollTo({ top: to, behavior: this.first || calm.matches ? "auto" : "smooth" });
  }

  settle() {
    const last = this.log.lastElementChild;
    if (last && !this.log.scrollTop) this.reveal(this.live() || last);
  }

  /* Whoever asks waits for an answer that was asked for after they did. */
  refresh() {
    this.askAgain = true;
    this.asking ??= this.ask().finally(() => { this.asking = null; });
    return this.asking;
  }

  async ask() {
    const address = `/screen/${encodeURIComponent(this.user)}?pair=${encodeURIComponent(pair)}`;
    while (this.askAgain) {
      this.askAgain = false;
      try {
        const answer = await fetch(address);
        const fresh = fragment(await answer.text());
        if (fresh.querySelector("[data-part='log']")) this.take(fresh);
      } catch {
        return; /* The stream says when the connection is back, and asks again. */
      }
    }
  }

  take(fresh) {
    const part = (name) => fresh.querySelector(`[data-part='${name}']`);
    this.section.querySelector("[data-here]").textContent = part("here").textContent;
    document.querySelector("[data-now]").textContent = part("now").textContent;
    this.takeHome(part("home"));
    this.takeLog([...part("log").querySelectorAll("article")]);
  }

  takeLog(messages) {
    const known = new Map([...this.log.querySelectorAll("article")].map((a) => [a.dataset.message, a]));
    let news = null;
    for (const message of messages) {
      const old = known.get(message.dataset.message);
      known.delete(message.dataset.message);
      if (!old) {
        this.log.append(message);
        news = message;
      } else if (old.dataset.digest !== message.dataset.digest) {
        const held = old.contains(document.activeElement);
        old.replaceWith(message);
        if (!message.matches(".past")) news = message;
        if (held && !message.matches(".past")) message.focus({ preventScroll: true });
        else if (held) this.follow = true;
      }
    }
    for (const gone of known.values()) gone.remove();
    this.empty.hidden = messages.length > 0 || Boolean(this.log.querySelector(".bubble"));
    if (this.first) this.retell();
    if (news) this.arrived(news);
    this.first = false;
  }

  arrived(message) {
    if (!this.first) message.classList.add("arrived");
    this.reveal(message);
    if (this.follow && !this.sheet) {
      message.focus({ preventScroll: true });
      this.follow = false;
    }
    if (!this.first && this.section.matches(".off")) mark(this.user, true);
  }

  takeHome(part) {
    const open = Number(part.dataset.open);
    const tab = this.tabs.find((each) => each.dataset.tab === "home");
    const count = tab.querySelector("[data-count]");
    count.hidden = !open;
    count.textContent = open;
    tab.setAttribute("aria-label", open ? tab.dataset.many.replace("{count}", open) : tab.dataset.none);
    if (this.homeWas === part.innerHTML) return;
    this.homeWas = part.innerHTML;
    const rows = (root) => [...root.querySelectorAll("[data-row]")];
    const unfolded = new Set(rows(this.home).filter((row) => row.open).map((row) => row.dataset.row));
    const held = this.home.contains(document.activeElement) && document.activeElement !== this.home;
    this.home.replaceChildren(...part.childNodes);
    for (const row of rows(this.home)) row.open = unfolded.has(row.dataset.row);
    if (held) this.home.focus({ preventScroll: true });
  }
}

/* Narrow pages show one person at a time. */

function mark(user, on) {
  const tab = document.querySelector(`[data-who='${CSS.escape(user)}']`);
  const dot = tab?.querySelector(".dot");
  if (!dot) return;
  dot.hidden = !on;
  dot.textContent = on ? tab.dataset.news : "";
}

function turnTo(user) {
  for (const tab of document.querySelectorAll("[data-who]")) {
    tab.setAttribute("aria-pressed", String(tab.dataset.who === user));
  }
  for (const pane of panes.values()) pane.section.classList.toggle("off", pane.user !== user);
  mark(user, false);
  panes.get(user)?.settle();
}

/* The clock. */

async function move(button) {
  if (bar.getAttribute("aria-busy") === "true") return;
  bar.setAttribute("aria-busy", "true");
  try {
    const reply = await post("/clock", { move: button.dataset.move, pair });
    tellAll(reply.notice || "", 6000);
    await Promise.all([...panes.values()].map((pane) => pane.refresh()));
    document.querySelector("[data-moved]").textContent = document.querySelector("[data-now]").textContent;
  } catch {
    tellAll(people.dataset.lost);
  } finally {
    bar.removeAttribute("aria-busy");
  }
}

async function restart(button) {
  if (!button.classList.contains("sure")) {
    const words = button.textContent;
    button.textContent = button.dataset.sure;
    button.classList.add("sure");
    setTimeout(() => {
      button.textContent = words;
      button.classList.remove("sure");
    }, 5000);
    return;
  }
  try {
    const reply = await post("/restart", {});
    if (!reply.ok) {
      tellAll(reply.notice, 6000);
      return;
    }
    sessionStorage.clear();
    location.assign("/");
  } catch {
    tellAll(people.dataset.lost);
  }
}

function listen() {
  const stream = new EventSource("/events");
  let trouble = 0;
  stream.addEventListener("open", () => {
    clearTimeout(trouble);
    if (trouble) tellAll("");
    trouble = 0;
    document.body.dataset.live = "yes";
    for (const pane of panes.values()) pane.refresh();
  });
  stream.addEventListener("message", (event) => {
    const pane = panes.get(event.data);
    if (pane) pane.refresh();
    else for (const each of panes.values()) each.refresh();
  });
  stream.addEventListener("error", () => {
    document.body.dataset.live = "no";
    if (!trouble) trouble = setTimeout(() => tellAll(people.dataset.lost), 1500);
    if (stream.readyState === EventSource.CLOSED) setTimeout(listen, 3000);
  });
}

if (people) {
  for (const section of people.querySelectorAll(".pane")) {
    panes.set(section.dataset.user, new Pane(section));
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.who) turnTo(button.dataset.who);
    if (button?.dataset.move) move(button);
    if (button && "restart" in button.dataset) restart(button);
  });
  for (const pane of panes.values()) pane.refresh();
  listen();
}
