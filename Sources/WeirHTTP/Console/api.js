// The console is a client of the API like any other.
import { language } from "./texts.js";

export class Failure extends Error {
  constructor(status, error) {
    super(error.message + (error.remedy ? " " + error.remedy : ""));
    this.status = status;
    this.code = error.code;
  }
}

async function failure(response) {
  let error = { code: "http_" + response.status, message: response.statusText };
  try { error = (await response.json()).error ?? error; } catch { /* not from Weir */ }
  return new Failure(response.status, error);
}

export async function api(method, path, body, headers = {}) {
  const options = { method, headers: { "Accept-Language": language, "X-Weir-Request": "1", ...headers } };
  if (body instanceof Blob) {
    options.body = body;
    options.headers["Content-Type"] = body.type === "application/pdf" ? body.type : "application/octet-stream";
  } else if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  const response = await fetch("/api/v1/" + path, options);
  if (!response.ok) throw await failure(response);
  return response.status === 204 ? null : response.json();
}

export const get = (path) => api("GET", path);
export const post = (path, body = {}) => api("POST", path, body);
export const create = (path, body) => api("POST", path, body, { "Idempotency-Key": crypto.randomUUID?.() ?? String(Math.random()) });

// All of a list that is short enough to show whole.
export async function all(path, most = 1000) {
  const items = [];
  let after = null;
  do {
    const join = path.includes("?") ? "&" : "?";
    const part = await get(path + join + "limit=200" + (after ? "&after=" + encodeURIComponent(after) : ""));
    items.push(...part.items);
    after = part.next;
  } while (after && items.length < most);
  return items;
}

// Sends files as a form and tells how far it has come.
export function uploadForm(path, files, progress) {
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", "/api/v1/" + path);
    request.setRequestHeader("X-Weir-Request", "1");
    request.setRequestHeader("Accept-Language", language);
    request.upload.onprogress = (event) => progress(event.loaded / event.total);
    request.onerror = () => reject(new Failure(0, { code: "network", message: "The connection broke off." }));
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* not from Weir */ }
      if (request.status < 300) resolve(answer);
      else reject(new Failure(request.status, answer.error ?? { code: "network", message: request.statusText }));
    };
    request.send(form);
  });
}
