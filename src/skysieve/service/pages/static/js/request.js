// Requests to the service: JSON both ways, with the token against forged ones.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }

  // Whether asking again may go well.
  get passing() {
    return this.status >= 500 || this.status === 429 || this.status === 408;
  }
}

const csrf = () => document.querySelector("meta[name=csrf]")?.content ?? "";

export async function getJson(address) {
  return answerOf(await fetch(address, { credentials: "same-origin", headers: { Accept: "application/json" } }));
}

export async function postJson(address, body, options = {}) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRF-Token": csrf() };
  const request = { method: "POST", credentials: "same-origin", headers, body: JSON.stringify(body), ...options };
  return answerOf(await fetch(address, request));
}

export async function getPart(address) {
  const answer = await fetch(address, { credentials: "same-origin" });
  if (!answer.ok) throw new Refused(answer.status, await reason(answer));
  const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
  return [...parsed.body.childNodes].map((node) => document.importNode(node, true));
}

async function answerOf(answer) {
  if (!answer.ok) throw new Refused(answer.status, await reason(answer));
  return answer.json();
}

async function reason(answer) {
  try {
    const told = await answer.clone().json();
    const said = told.message ?? told.detail ?? told.error;
    if (typeof said === "string") return said;
    if (said?.message) return said.message;
    if (Array.isArray(said)) return said.map((each) => each.msg).join("; ");
  } catch {
    // not JSON: the status says what there is to say
  }
  return `the service answered ${answer.status}`;
}
