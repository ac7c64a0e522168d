// Invitations: make, show once, list, revoke. Addresses live in this page's memory alone.

const LOOK_MS = 2000;
const SURE_MS = 4000;
const MARGIN = 4;
const SOON_MS = 15 * 60 * 1000;

const at = (id) => document.getElementById(id);
const rows = new Map();
let addresses = [];
let shown = 0;
let clock = 0;
let codes = [];

async function ask(path, method = "GET", body = undefined) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  if (answer.status === 401) { location.reload(); throw new Error("This page's invitation has ended."); }
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return answer.json();
}

async function look() {
  try {
    const { now, me, usable, invitations } = await ask("/api/invitations");
    clock = Date.parse(now);
    at("trouble").textContent = usable ? "" : "ONLY THIS MACHINE REACHES THIS SERVER: START IT WITH --host 0.0.0.0 TO INVITE OTHERS";
    at("invite").disabled = !usable;
    list(invitations, me);
  } catch (error) {
    at("trouble").textContent = error instanceof TypeError ? "THE SERVER DOES NOT ANSWER" : error.message;
  }
}

function list(invitations, me) {
  const open = invitations.filter(({ state }) => !ended(state));
  at("count").textContent = `${open.length} ${open.length === 1 ? "invitation" : "invitations"}`;
  at("nobody").hidden = invitations.length > 0;
  const order = [...open, ...invitations.filter(({ state }) => ended(state))];
  for (const [id, row] of rows) {
    if (order.some((each) => each.id === id)) continue;
    row.item.remove();
    rows.delete(id);
  }
  order.forEach((each, place) => {
    if (!rows.has(each.id)) rows.set(each.id, make(each));
    const row = rows.get(each.id);
    fill(row, each, me);
    if (at("list").children[place] !== row.item) at("list").insertBefore(row.item, at("list").children[place] ?? null);
  });
}

const ended = (state) => state === "revoked" || state === "expired";

function make({ id }) {
  const item = document.createElement("li");
  const words = document.createElement("div");
  const [name, about] = [document.createElement("strong"), document.createElement("p")];
  about.className = "about";
  words.append(name, about);
  const button = document.createElement("button");
  button.type = "button";
  button.addEventListener("click", () => revoke(id, button));
  item.append(words, button);
  return { item, name, about, button };
}

function fill({ item, name, about, button }, each, me) {
  name.textContent = each.name;
  const left = Date.parse(each.expires) - clock;
  const parts = [each.role, ended(each.state) ? each.state : `until ${moment(each.expires)}`];
  if (each.once) parts.push("one device");
  if (!ended(each.state)) parts.push(each.state === "waiting" ? "not opened yet" : `${count(each.devices, "device")}, ${count(each.pages, "page")} open`);
  about.textContent = parts.join(" · ");
  about.classList.toggle("soon", !ended(each.state) && left < SOON_MS);
  item.classList.toggle("ended", ended(each.state));
  button.hidden = ended(each.state);
  if (button.dataset.sure === undefined) button.textContent = "revoke";
  button.setAttribute("aria-label", `Revoke the invitation of ${each.name}${each.name === me.name ? ", yours" : ""}`);
}

const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;

function moment(text) {
  const date = new Date(text);
  const time = date.toTimeString().slice(0, 5);
  return date.toDateString() === new Date().toDateString() ? time : `${date.toLocaleDateString(undefined, { weekday: "short", day: "numeric", month: "short" })} ${time}`;
}

/** A second press within a few seconds does it. */
async function revoke(id, button) {
  if (button.dataset.sure === undefined) {
    button.dataset.sure = "";
    button.textContent = "revoke now?";
    setTimeout(() => { delete button.dataset.sure; button.textContent = "revoke"; }, SURE_MS);
    return;
  }
  button.disabled = true;
  try { await ask(`/api/invitations/${id}`, "DELETE"); } catch (error) { at("trouble").textContent = error.message; }
  button.disabled = false;
  await look();
}

at("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = new FormData(at("form"));
  at("refused").textContent = "";
  at("invite").disabled = true;
  try {
    const made = await ask("/api/invitations", "POST", {
      name: at("name").value, role: form.get("role"), hours: Number(form.get("hours")), once: at("once").checked,
    });
    show(made);
  } catch (error) {
    at("refused").textContent = error.message;
  }
  at("invite").disabled = false;
  await look();
});

function show(made) {
  addresses = made.addresses;
  at("made-name").textContent = made.name;
  at("made-words").textContent = `${made.role}, until ${moment(made.expires)}${made.once ? ", for one device" : ""}`;
  at("other").hidden = addresses.length < 2;
  at("form").hidden = true;
  at("made").hidden = false;
  codes = made.codes;
  turn(0);
  at("done").focus();
}

function turn(place) {
  shown = place;
  at("address").textContent = addresses[place];
  draw(codes[place]);
}

function draw(code) {
  const canvas = at("qr");
  const pen = canvas.getContext("2d");
  canvas.width = canvas.height = code.length + 2 * MARGIN;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000";
  code.forEach((row, y) => [...row].forEach((dark, x) => { if (dark === "1") pen.fillRect(x + MARGIN, y + MARGIN, 1, 1); }));
}

at("other").addEventListener("click", () => turn((shown + 1) % addresses.length));
at("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText(addresses[shown]);
    at("copy").textContent = "copied";
  } catch {
    getSelection().selectAllChildren(at("address"));   // without TLS browsers give no clipboard
    at("copy").textContent = document.execCommand("copy") ? "copied" : "select and copy";
  }
  setTimeout(() => { at("copy").textContent = "copy"; }, 2000);
});
at("done").addEventListener("click", () => {
  [addresses, codes] = [[], []];
  at("address").textContent = "";
  draw([]);
  at("made").hidden = true;
  at("form").hidden = false;
  at("form").reset();
  at("name").focus();
});

await look();
setInterval(() => { if (!document.hidden) look(); }, LOOK_MS);
