// Draws an Adaptive Card with Microsoft's own renderer, in the colours and measures of Teams.

const THEMES = {
  light: { ground: "#f5f5f5", card: "#ffffff", box: "#f5f5f5", warn: "#fdf3e1", ink: "#242424",
           quiet: "#616161", accent: "#4f52b2", fault: "#b10e1c", line: "#e0e0e0" },
  dark: { ground: "#1f1f1f", card: "#292929", box: "#333333", warn: "#4a3a1a", ink: "#ffffff",
          quiet: "#adadad", accent: "#a6a7dc", fault: "#f1707b", line: "#525252" },
};

function hostConfig(look) {
  const tone = (colour) => ({ default: colour, subtle: look.quiet });
  const inks = { default: tone(look.ink), accent: tone(look.accent), attention: tone(look.fault) };
  const box = (ground) => ({ backgroundColor: ground, foregroundColors: inks });
  return new AdaptiveCards.HostConfig({
    fontFamily: "'Segoe UI', 'Liberation Sans', sans-serif",
    fontSizes: { small: 12, default: 14, medium: 14, large: 18, extraLarge: 24 },
    fontWeights: { lighter: 200, default: 400, bolder: 600 },
    spacing: { small: 8, default: 12, medium: 16, large: 20, extraLarge: 24, padding: 16 },
    separator: { lineThickness: 1, lineColor: look.line },
    containerStyles: { default: box(look.card), emphasis: box(look.box), warning: box(look.warn) },
    actions: { maxActions: 6, buttonSpacing: 8, actionsOrientation: "horizontal",
               actionAlignment: "left", spacing: "default" },
  });
}

// Returns what the renderer has to say against the card; what is pressed is put into window.sent.
function draw(card, theme = "light", width = 310) {
  document.body.replaceChildren();
  document.body.className = theme;
  window.sent = null;
  return add(card, theme, width);
}

// Draws many cards side by side, each in the column that is shortest.
function sheet(cards, theme, width, count) {
  draw({ type: "AdaptiveCard", version: "1.5", body: [] }, theme, width);
  const columns = Array.from({ length: count }, () => document.createElement("div"));
  columns.forEach((column) => (column.className = "column"));
  document.body.replaceChildren(...columns);
  for (const card of cards) {
    const shortest = columns.reduce((one, other) =>
      other.offsetHeight < one.offsetHeight ? other : one);
    add(card, theme, width, shortest);
  }
}

// Draws one more card under those that are there.
function add(card, theme, width, where = document.body) {
  const drawn = new AdaptiveCards.AdaptiveCard();
  const reading = new AdaptiveCards.SerializationContext(AdaptiveCards.Versions.v1_5);
  drawn.hostConfig = hostConfig(THEMES[theme]);
  drawn.parse(card, reading);
  drawn.onExecuteAction = (action) => { window.sent = action.data ?? {}; };
  const place = document.createElement("div");
  place.className = "card";
  place.style.width = `${width}px`;
  place.append(drawn.render());
  where.append(place);
  const events = [...Array(reading.eventCount).keys()].map((n) => reading.getEventAt(n).message);
  return [...events, ...drawn.validateProperties().validationEvents.map((each) => each.message)];
}

// Returns what ends beyond the card that is drawn, by its words.
function beyond() {
  const edge = document.querySelector(".card").getBoundingClientRect().right - 8;
  const parts = [...document.querySelectorAll(".card :is(button, input, select, textarea, p, div)")];
  return parts
    .filter((part) => part.offsetParent && !part.querySelector("div"))
    .filter((part) => part.getBoundingClientRect().right > edge && part.textContent)
    .map((part) => part.textContent || part.type);
}
