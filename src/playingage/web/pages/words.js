// What the labels say. The aged picture is called aged only by the server's word on that very frame.

/** Words over one picture, [large, small], or null when the picture speaks for itself. */
export function overWords(picture, { connected, everConnected, stopped, full, state, header, lostAt }) {
  if (full !== null) return ["NO PLACE", full];
  if (stopped && state?.source.state === "ended") return [state.source.words, ""];
  if (stopped) return ["STOPPED", "WAITING FOR THE SERVER"];
  if (!connected) return everConnected ? ["RECONNECTING", ""] : ["CONNECTING", ""];
  if (state === null) return header === null ? ["STARTING", ""] : null;
  const { source, engine } = state;
  if (source.state === "lost" || source.state === "silent") return [source.words, `SINCE ${clockTime(lostAt)}`];
  if (source.state === "ended") return [source.words, ""];
  if (picture === "aged" && header?.view === "failed") return [header.words, `${header.note}\n${engine.detail}`];
  if (header === null) return ["STARTING", ""];
  return null;
}

export function clockTime(date) {
  return date === null ? "" : date.toTimeString().slice(0, 8);
}

export function signed(delay, error) {
  return `${Math.round(delay * 1000)} ms ±${Math.max(1, Math.ceil(error * 1000))}`;
}
