// The socket: connects, reconnects by itself, takes messages apart.

const FIRST_MS = 300;
const MOST_MS = 3000;
const SILENT_MS = 4000;
const LOOK_MS = 1000;
const GOING_AWAY = 1001;

export class Link {
  #socket = null;
  #wait = FIRST_MS;
  #heard = 0;
  #on;

  /**
   * `on`: { open(), lost(stopped), told(message), pair(header, jpegs), ended(words) }. The server speaks every second;
   * `silent` ms without a word are a loss. Without `ended`, a page whose invitation has ended is loaded again, and says so.
   */
  constructor(on, silent = SILENT_MS) {
    this.#on = on;
    let looked = performance.now();
    setInterval(() => {
      const now = performance.now();
      if (now - looked > 2 * LOOK_MS) this.#heard = now;  // the page stood still: what came meanwhile is heard after this
      looked = now;
      if (this.open && !document.hidden && now - this.#heard > silent) this.#drop();
    }, LOOK_MS);
    document.addEventListener("visibilitychange", () => { this.#heard = performance.now(); });
    window.addEventListener("online", () => { if (this.#socket === null) this.#connect(); });
    this.#connect();
  }

  get open() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  send(message) {
    if (this.open) this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/socket`);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#heard = performance.now();
    socket.onopen = () => { this.#wait = FIRST_MS; this.#on.open(); };
    socket.onmessage = ({ data }) => {
      this.#heard = performance.now();
      if (typeof data === "string") this.#on.told(JSON.parse(data));
      else this.#on.pair(...takeApart(data));
    };
    socket.onclose = ({ code }) => { if (this.#socket === socket) this.#drop(code === GOING_AWAY); };
  }

  #drop(stopped = false) {
    const socket = this.#socket;
    this.#socket = null;
    socket.onclose = socket.onmessage = null;
    socket.close();
    this.#on.lost(stopped);
    if (!stopped) stillInvited(this.#on.ended ?? (() => location.reload()));
    setTimeout(() => { if (this.#socket === null) this.#connect(); }, this.#wait);
    this.#wait = Math.min(MOST_MS, this.#wait * 1.6);
  }
}

/** An invitation may have ended meanwhile: then the server says so in words, as a page if it is loaded again. */
async function stillInvited(ended) {
  try {
    const answer = await fetch("/api/me");
    if (answer.status === 401) ended((await answer.text()).trim());
  } catch { /* no server there: the link tries on */ }
}

/** A binary message: length of the header, header, JPEGs. Returns the header and a map from picture to Blob. */
function takeApart(buffer) {
  const length = new DataView(buffer).getUint32(0);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 4, length)));
  const jpegs = new Map();
  let from = 4 + length;
  for (const { picture, bytes } of header.pictures) {
    if (bytes === undefined) continue;
    jpegs.set(picture, new Blob([new Uint8Array(buffer, from, bytes)], { type: "image/jpeg" }));
    from += bytes;
  }
  return [header, jpegs];
}
