"use strict";
/* The explorer: controls, chart and table hold one choice, which the address holds too. */
alphoton.explorer = (() => {
  if (!alphoton.data.experiments.length) return null;

  const by = (id) => document.getElementById(id);
  const { defaults, scientific, massText, short, parse } = alphoton;
  const SYMBOL = { g_ae: "g_ae", g_agamma: "g_aγ" };
  const svg = by("chart");
  let state = { ...defaults };
  let area = null;

  // --- controls ----------------------------------------------------------------------------------------------------------

  const unit = () => Number(by("mass-unit").value);
  const write = (id, text) => {
    if (document.activeElement !== by(id) || by(id).type === "range") by(id).value = text;
  };

  /** Let every control say what is chosen, but not the field that is being typed into. */
  function showControls() {
    for (const radio of document.querySelectorAll("input[name=mode]")) radio.checked = radio.value === state.mode;
    write("ratio", short(Math.abs(state.ratio)));
    write("ratio-slider", Math.log10(Math.abs(state.ratio)));
    by("ratio-slider").setAttribute("aria-valuetext", `ratio ${short(state.ratio)}`);
    by("sign").value = state.ratio < 0 ? "-1" : "1";
    by("ray-fields").classList.toggle("unused", state.mode !== "both");
    write("mass", short(state.mass / unit()));
    write("mass-slider", Math.log10(state.mass));
    by("mass-slider").setAttribute("aria-valuetext", massText(state.mass));
    by("interference").checked = state.interference;
    if (by("share")) by("share").value = state.share;
    by("coupling").value = state.coupling;
    write("value", state.value === null ? "" : short(state.value));
    for (const chip of document.querySelectorAll(".chip")) {
      chip.setAttribute("aria-pressed", String(!state.hidden.includes(chip.dataset.name)));
    }
  }

  /** Take a number from a field: it is said beside it what is wrong with another. */
  function take(id, good, then) {
    by(id).addEventListener("input", () => {
      const value = parse(by(id).value);
      const bad = !(Number.isFinite(value) && good(value)) && !(id === "value" && by(id).value.trim() === "");
      by(id).setAttribute("aria-invalid", String(bad));
      by(`${id}-problem`).hidden = !bad;
      if (!bad) then(value);
    });
    by(id).addEventListener("blur", () => {
      by(id).setAttribute("aria-invalid", "false");
      by(`${id}-problem`).hidden = true;
      showControls();
    });
  }

  const sign = () => Number(by("sign").value);
  const rounded = (value, digits) => Number(value.toPrecision(digits));

  function listen() {
    for (const radio of document.querySelectorAll("input[name=mode]")) {
      radio.addEventListener("change", () => set({ mode: radio.value }));
    }
    take("ratio", (value) => value !== 0, (value) => set({ mode: "both", ratio: value < 0 ? value : sign() * value }));
    by("ratio-slider").addEventListener("input", () => {
      set({ mode: "both", ratio: sign() * rounded(10 ** Number(by("ratio-slider").value), 3) });
    });
    by("sign").addEventListener("change", () => set({ mode: "both", ratio: sign() * Math.abs(state.ratio) }));
    take("mass", (value) => value > 0, (value) => set({ mass: rounded(value * unit(), 12) }));
    by("mass-unit").addEventListener("change", () => {
      by("mass").value = short(state.mass / unit());
    });
    by("mass-slider").addEventListener("input", () => setMass(rounded(10 ** Number(by("mass-slider").value), 4)));
    by("interference").addEventListener("change", () => set({ interference: by("interference").checked }));
    if (by("share")) by("share").addEventListener("change", () => set({ share: by("share").value }));
    by("coupling").addEventListener("change", () => set({ coupling: by("coupling").value }));
    take("value", (value) => value > 0, (value) => set({ value: Number.isFinite(value) ? value : null }));
    by("reset").addEventListener("click", () => {
      fitUnit(defaults.mass);
      set(defaults);
    });
    by("controls").addEventListener("submit", (event) => event.preventDefault());
  }

  /** A switch for each experiment: it is the legend of the chart, too. */
  function makeChips() {
    for (const { name, label, tone, kind, dash } of alphoton.data.experiments) {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = `chip tone-${tone} ${kind}`;
      chip.dataset.name = name;
      chip.append(swatch({ tone, kind, dash }), label);
      chip.addEventListener("click", () => {
        const hidden = state.hidden.filter((other) => other !== name);
        set({ hidden: hidden.length === state.hidden.length ? [...hidden, name] : hidden });
      });
      chip.addEventListener("pointerenter", () => emphasise(name));
      chip.addEventListener("pointerleave", () => emphasise(null));
      by("legend").append(chip);
    }
  }

  function swatch({ tone, kind, dash }) {
    const box = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    box.setAttribute("class", `swatch curve tone-${tone} ${kind}`);
    box.setAttribute("viewBox", "0 0 28 12");
    box.setAttribute("aria-hidden", "true");
    if (kind === "excluded") box.innerHTML = '<path class="region" d="M0,6H28V0H0Z"/>';
    box.innerHTML += '<path class="line" d="M0,6H28"/>';
    box.querySelector(".line").setAttribute("stroke-dasharray", dash);
    return box;
  }

  function emphasise(name) {
    for (const curve of svg.querySelectorAll(".curve")) curve.classList.toggle("strong", curve.dataset.name === name);
  }

  // --- what is found -----------------------------------------------------------------------------------------------------

  /** The limit on one coupling as text; its part of the ray is `part`. */
  function limitText(found, part) {
    if (!found || part === 0) return "–";
    const size = Math.abs(part);
    if (found.high < Infinity) return `${scientific(found.low * size)} to ${scientific(found.high * size)}`;
    return scientific(found.low * size, Math.hypot(found.error, found.systematic) * found.low * size);
  }

  function verdict(experiment, found, scale) {
    if (!(scale > 0) || !found) return "–";
    if (!alphoton.excludes(found, scale)) return "no";
    return experiment.kind === "excluded" ? "yes" : "would";
  }

  /** A cell; its name is shown where the table has no head. */
  function cell(key, text) {
    const made = document.createElement("td");
    made.dataset.key = key;
    made.setAttribute("role", "cell");
    const name = document.createElement("span");
    name.className = "name";
    typeset(name, { g_ae: "g_ae ", g_agamma: "g_aγ ", answer: "excludes your point: " }[key] ?? "");
    const value = document.createElement("span");
    value.className = "value";
    value.textContent = text;
    made.append(name, value);
    return made;
  }

  function showTable() {
    const [photon, electron] = alphoton.ray(state);
    const scale = alphoton.ownScale(state);
    const rows = alphoton.limits(state).map(({ experiment, found }) => {
      const answer = verdict(experiment, found, scale);
      const row = document.createElement("tr");
      row.dataset.name = experiment.name;
      row.classList.toggle("none", !found);
      row.setAttribute("role", "row");
      const head = document.createElement("th");
      head.scope = "row";
      head.setAttribute("role", "rowheader");
      head.append(swatch(experiment), experiment.label);
      row.append(head);
      const cells = {
        kind: experiment.kind === "excluded" ? "today" : "projection",
        g_ae: found ? limitText(found, electron) : "no limit here",
        g_agamma: found ? limitText(found, photon) : "no limit here",
        answer,
      };
      for (const [key, text] of Object.entries(cells)) row.append(cell(key, text));
      row.querySelector("[data-key=answer]").dataset.answer = answer;
      return row;
    });
    by("results").classList.toggle("no-point", !(scale > 0));
    by("results").tBodies[0].replaceChildren(...rows);
  }

  /** The ray in words. */
  function rayText() {
    if (state.mode === "electron") return "the electron coupling alone";
    if (state.mode === "photon") return "the photon coupling alone";
    return `g_aγ/g_ae = ${short(state.ratio).replace("-", "−")}`;
  }

  function summary() {
    const shown = SYMBOL[alphoton.shownCoupling(state)];
    const rows = alphoton.limits(state).filter(({ found }) => found);
    const best = (kind) => rows.find(({ experiment, found }) => experiment.kind === kind && found.high === Infinity);
    const [today, projected] = [best("excluded"), best("projection")];
    const bands = rows.filter(({ found }) => found.high < Infinity);
    const parts = bands.map(({ experiment, found }) => `${experiment.label} excludes ${shown} from ${limitText(found, 1)} GeV⁻¹`);
    if (today) parts.push(`${today.experiment.label} ${shown} > ${scientific(today.found.low)} GeV⁻¹`);
    if (projected) parts.push(`${projected.experiment.label} would reach ${scientific(projected.found.low)} GeV⁻¹`);
    return `m_a = ${massText(state.mass)}, ${rayText()}: ${parts.join("; ") || "no experiment has a limit here"}.`;
  }

  /** Text in which g_ae, g_aγ and m_a get their subscripts. */
  function typeset(target, text) {
    const pieces = text.split(/([gm]_(?:ae|aγ|a))/).map((piece) => {
      const [symbol, index] = piece.split("_");
      if (index === undefined) return piece;
      const [span, letter, low] = ["span", "i", "sub"].map((name) => document.createElement(name));
      span.className = "symbol";
      letter.textContent = symbol;
      low.textContent = index;
      span.append(letter, low);
      return span;
    });
    target.replaceChildren(...pieces);
  }

  // --- the pointer -------------------------------------------------------------------------------------------------------

  function under(event) {
    const box = svg.getBoundingClientRect();
    const [px, py] = [event.clientX - box.left, event.clientY - box.top];
    if (!area || px < area.left || px > area.right || py < area.top || py > area.bottom) return null;
    return { mass: area.x.value(px), coupling: area.y.value(py) };
  }

  function readOut(place) {
    const rows = alphoton.limits(state, place.mass).filter(({ found }) => alphoton.excludes(found, place.coupling));
    const names = (kind) => rows.filter(({ experiment }) => experiment.kind === kind).map(({ experiment }) => experiment.label);
    const [today, projected] = [names("excluded"), names("projection")];
    const found = [today.length ? `excluded by ${today.join(", ")}` : "not excluded"];
    if (projected.length) found.push(`within reach of ${projected.join(", ")}`);
    const shown = SYMBOL[alphoton.shownCoupling(state)];
    const where = `m_a = ${massText(rounded(place.mass, 3))}, ${shown} = ${scientific(place.coupling)} GeV⁻¹`;
    typeset(by("readout"), `${where}: ${found.join("; ")}.`);
  }

  const HINT = "Point at the chart to read it, press to choose the mass.";

  function listenToPointer() {
    const choose = (place) => setMass(rounded(place.mass, 3));
    svg.addEventListener("pointermove", (event) => {
      const place = under(event);
      if (!place) return;
      readOut(place);
      if (event.buttons === 1) choose(place);
    });
    svg.addEventListener("pointerdown", (event) => {
      const place = under(event);
      if (!place) return;
      readOut(place);
      choose(place);
    });
    svg.addEventListener("pointerleave", (event) => {
      if (event.pointerType === "mouse") typeset(by("readout"), HINT);
    });
  }

  // --- all together ------------------------------------------------------------------------------------------------------

  function show() {
    showControls();
    area = alphoton.chart.draw(svg, state);
    const text = summary();
    svg.setAttribute("aria-label", `Limits against the mass. ${text}`);
    typeset(by("summary"), text);
    showTable();
  }

  const PATIENCE = 200; // ms: browsers stop listening to an address that changes with every move of a slider
  let writing = 0;

  /** Change the choice: everything follows, the address too. */
  function set(change) {
    state = { ...state, ...change };
    show();
    clearTimeout(writing);
    writing = setTimeout(() => history.replaceState(null, "", alphoton.encode(state)), PATIENCE);
  }

  /** A mass that was not typed is shown in the unit that suits it. */
  function setMass(mass) {
    fitUnit(mass);
    set({ mass });
  }

  const fitUnit = (mass) => {
    by("mass-unit").value = mass < 0.9995 ? "1e-3" : "1";
  };

  function follow() {
    const found = alphoton.decode(location.hash);
    if (!found) return false;
    clearTimeout(writing);
    state = found;
    fitUnit(state.mass);
    show();
    return true;
  }

  function start() {
    const [low, high] = alphoton.chart.massRange().map(Math.log10);
    Object.assign(by("mass-slider"), { min: low, max: high });
    makeChips();
    listen();
    listenToPointer();
    typeset(by("readout"), HINT);
    if (follow()) by("explorer").scrollIntoView();
    else show();
    window.addEventListener("hashchange", follow);
    new ResizeObserver(() => {
      area = alphoton.chart.draw(svg, state);
    }).observe(svg.parentElement);
  }

  start();
  return { set, state: () => ({ ...state }) };
})();
