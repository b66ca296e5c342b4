"use strict";
/* Limits along a ray of couplings: a quadratic form, its interpolation in the mass, and how a choice is written into the
   address. Masses in GeV, couplings in 1/GeV. Nothing here knows the page but for the data it reads. */
const alphoton = (() => {
  const source = document.getElementById("explorer-data");
  const data = source ? JSON.parse(source.textContent) : { experiments: [], left_out: [] };

  /** Points closer than this are two sides of a step in a published curve. */
  const STEP = 1.001;
  const MODES = ["electron", "both", "photon"];

  const defaults = Object.freeze({
    mode: "both",
    ratio: 1e-3, // g_agamma / g_ae, with its sign
    mass: 0.01,
    interference: true,
    share: "0.0001",
    coupling: "g_ae", // of the point to test
    value: null,
    hidden: Object.freeze([]),
  });

  // --- the ray -----------------------------------------------------------------------------------------------------------

  /** The direction [g_agamma, g_ae] of a choice; the larger coupling is 1, so that a scale is its size. */
  function ray({ mode, ratio }) {
    if (mode === "electron") return [0, 1];
    if (mode === "photon") return [1, 0];
    return Math.abs(ratio) <= 1 ? [ratio, 1] : [1, 1 / ratio];
  }

  /** The coupling that the chart shows: the larger one. */
  function shownCoupling(state) {
    return ray(state)[1] === 1 ? "g_ae" : "g_agamma";
  }

  // --- interpolation -----------------------------------------------------------------------------------------------------

  const between = (a, b, t) => a + t * (b - a);

  /** Neighbours of a mass in a list that rises in m, and how far between them it is; null outside. */
  function neighbours(points, mass) {
    const last = points.length - 1;
    if (last < 0 || mass < points[0].m * (1 - 1e-9) || mass > points[last].m * (1 + 1e-9)) return null;
    const next = points.findIndex((point) => point.m >= mass);
    const right = next < 0 ? last : next;
    const left = Math.max(0, right - 1);
    const [a, b] = [points[left], points[right]];
    if (a === b || mass >= b.m) return { a: b, b, t: 0 };
    const linear = b.m / a.m < STEP;
    return { a, b, t: linear ? (mass - a.m) / (b.m - a.m) : Math.log(mass / a.m) / Math.log(b.m / a.m), linear };
  }

  /** The quadratic form of one experiment at a mass, or null: between points log-log, never beyond or across a gap. */
  function formAt(segments, mass) {
    for (const points of segments) {
      const found = neighbours(points, mass);
      if (found) return found.t === 0 ? found.a : blend(found);
    }
    return null;
  }

  function blend({ a, b, t, linear }) {
    const term = (x, y) => {
      if (linear) return between(x, y, t);
      return x > 0 && y > 0 ? Math.exp(between(Math.log(x), Math.log(y), t)) : 0;
    };
    const mixing = ({ p, e, i }) => (p > 0 && e > 0 ? i / Math.sqrt(p * e) : 0);
    const [p, e] = [term(a.p, b.p), term(a.e, b.e)];
    return {
      p,
      e,
      i: between(mixing(a), mixing(b), t) * Math.sqrt(p * e), // changes sign where it likes
      errors: a.errors.map((error, n) => between(error, b.errors[n], t)),
      systematics: a.systematics.map((error, n) => between(error, b.systematics[n], t)),
    };
  }

  // --- limits ------------------------------------------------------------------------------------------------------------

  /** The scale on a ray from which on couplings are excluded, with relative errors; null without a limit. */
  function limit(form, [photon, electron], interference = true) {
    const parts = [form.p * photon ** 2, form.e * electron ** 2, interference ? form.i * photon * electron : 0];
    const strength = parts[0] + parts[1] + parts[2];
    if (!(strength > 0)) return null;
    const systematic = parts.reduce((sum, part, n) => sum + part * form.systematics[n], 0);
    return {
      low: 1 / Math.sqrt(strength),
      high: Infinity,
      error: (0.5 * Math.hypot(...parts.map((part, n) => part * form.errors[n]))) / strength,
      systematic: (0.5 * Math.abs(systematic)) / strength,
    };
  }

  /** Both ends of a beam dump's band at one of its masses, where its outline meets the ray; null where it does not. */
  function ends({ k, x, g }, [photon, electron]) {
    if (photon === 0 || x.length === 0) return null;
    const wanted = Math.log1p(k * (electron / photon) ** 2);
    const first = x.findIndex((value) => value >= wanted);
    if (first < 0) return null;
    const last = x.findLastIndex((value) => value >= wanted);
    const meet = (inside, outside) => {
      if (outside < 0 || outside >= x.length || x[inside] === x[outside]) return g[inside];
      return between(g[inside], g[outside], (wanted - x[inside]) / (x[outside] - x[inside]));
    };
    return [meet(first, first - 1), meet(last, last + 1)].map((end) => Math.exp(end) / Math.abs(photon));
  }

  /** A beam dump's band at any mass between two where it has one. */
  function band(curves, direction, mass) {
    const found = neighbours(curves, mass);
    if (!found) return null;
    const [a, b] = [ends(found.a, direction), ends(found.b, direction)];
    if (!a || !b) return null;
    const [low, high] = [0, 1].map((end) => Math.exp(between(Math.log(a[end]), Math.log(b[end]), found.t)));
    return { low, high, error: 0, systematic: 0 };
  }

  const sharesOf = (experiment, state) => experiment.shares.find((share) => share.value === state.share).curves;

  /** What one experiment excludes along the ray of a choice at a mass. */
  function limitOf(experiment, state, mass = state.mass) {
    if (experiment.shares) return band(sharesOf(experiment, state), ray(state), mass);
    const form = formAt(experiment.segments, mass);
    return form && limit(form, ray(state), state.interference);
  }

  /** All experiments at the mass of a choice, the strongest first, those without a limit last. */
  function limits(state, mass = state.mass) {
    const strength = (row) => (row.found ? row.found.low : Infinity);
    return data.experiments
      .map((experiment) => ({ experiment, found: limitOf(experiment, state, mass) }))
      .sort((a, b) => (strength(a) === strength(b) ? 0 : strength(a) - strength(b)));
  }

  /** The limits of one experiment against the mass: runs of points without a gap. */
  function curve(experiment, state) {
    const lists = experiment.shares ? [sharesOf(experiment, state)] : experiment.segments;
    const runs = [];
    for (const points of lists) {
      let run = [];
      for (const { m } of points) {
        const found = limitOf(experiment, state, m);
        if (found) run.push({ m, ...found });
        if (!found || m === points[points.length - 1].m) {
          if (run.length) runs.push(run);
          run = [];
        }
      }
    }
    return runs;
  }

  /** The scale of the point to test on the ray; NaN without one, or where the ray has none of its coupling. */
  function ownScale(state) {
    if (state.value === null) return NaN;
    const [photon, electron] = ray(state).map(Math.abs);
    const part = state.coupling === "g_ae" ? electron : photon;
    return part > 0 ? state.value / part : NaN;
  }

  const excludes = (found, scale) => found !== null && scale >= found.low && scale <= found.high;

  // --- numbers as text ---------------------------------------------------------------------------------------------------

  const superscript = (power) => String(power).replace(/[-\d]/g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);

  function exponentOf(value) {
    return Number(Math.abs(value).toExponential(15).split("e")[1]);
  }

  /** A value with its error, two digits of it: (1.234 ± 0.021)·10⁻⁵, 0.158 ± 0.020; three without; a dash for no value. */
  function scientific(value, error = 0) {
    if (!Number.isFinite(value) || value === 0) return "–";
    let exponent = exponentOf(value);
    const kept = Number.isFinite(error) && error > 0;
    let digits = kept ? Math.min(4, Math.max(1, 1 - (exponentOf(error) - exponent))) : 2;
    if (Number((Math.abs(value) / 10 ** exponent).toFixed(digits)) >= 10) {
      exponent += 1;
      digits += digits < 4 ? 1 : 0;
    }
    const plain = exponent >= -2 && exponent <= 2;
    const [scale, decimals] = plain ? [1, Math.max(0, digits - exponent)] : [10 ** exponent, digits];
    const text = (kept ? [value, error] : [value]).map((number) => (number / scale).toFixed(decimals)).join(" ± ");
    if (plain) return text;
    return `${kept ? `(${text})` : text}·10${superscript(exponent)}`;
  }

  const massText = (mass) => (mass < 0.9995 ? `${short(mass * 1e3)} MeV` : `${short(mass)} GeV`);

  /** Four digits, as a person would type them: 0.25, 1e-5. */
  function short(number) {
    const rounded = Number(number.toPrecision(4));
    const plain = Math.abs(rounded) >= 1e-3 && Math.abs(rounded) < 1e5;
    return plain || rounded === 0 ? String(rounded) : rounded.toExponential().replace("+", "");
  }

  /** A number from text, with a decimal comma too; NaN for anything else. */
  function parse(text) {
    const plain = text.trim().replace(",", ".").replace("−", "-");
    return plain === "" ? NaN : Number(plain);
  }

  // --- the address -------------------------------------------------------------------------------------------------------

  const PREFIX = "#explorer?";

  /** The choice as the fragment of an address; what is as it was at first is left out. */
  function encode(state) {
    const words = new URLSearchParams();
    for (const [key, value] of Object.entries(state)) {
      if (String(value ?? "") !== String(defaults[key] ?? "")) words.set(key, String(value));
    }
    return PREFIX + words;
  }

  /** The choice behind a fragment, or null where it is none; what makes no sense stays as it was at first. */
  function decode(fragment) {
    if (!fragment.startsWith(PREFIX)) return null;
    const words = new URLSearchParams(fragment.slice(PREFIX.length));
    const number = (key, good) => {
      const value = parse(words.get(key) ?? "");
      return Number.isFinite(value) && good(value) ? value : defaults[key];
    };
    const word = (key, known) => (known.includes(words.get(key)) ? words.get(key) : defaults[key]);
    const shares = data.experiments.flatMap(({ shares }) => (shares ?? []).map(({ value }) => value));
    const names = data.experiments.map(({ name }) => name);
    return {
      mode: word("mode", MODES),
      ratio: number("ratio", (value) => value !== 0),
      mass: number("mass", (value) => value > 0),
      interference: words.get("interference") !== "false",
      share: word("share", shares),
      coupling: word("coupling", ["g_ae", "g_agamma"]),
      value: number("value", (value) => value > 0),
      hidden: (words.get("hidden") ?? "").split(",").filter((name) => names.includes(name)),
    };
  }

  return {
    data, defaults, ray, shownCoupling, formAt, limit, ends, band, limitOf, limits, curve, ownScale, excludes,
    superscript, scientific, massText, short, parse, encode, decode,
  };
})();
