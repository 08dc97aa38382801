// api.js: the JSON API as functions. Problems (RFC 9457) arrive as `Problem`, a lost connection as `Offline`.

/** @typedef {{code: string, detail?: string, overridable?: boolean, by?: string}} Reason */
/** @typedef {{field: string, detail: string}} FieldError */

/** An answer that says no: the status, a stable code, and every reason. */
export class Problem extends Error {
  /**
   * @param {number} status
   * @param {{code?: string, detail?: string, title?: string, reasons?: Reason[], errors?: FieldError[]}} body
   * @param {number} [retryAfter] seconds
   */
  constructor(status, body, retryAfter) {
    super(body.detail || body.title || `status ${status}`);
    this.status = status;
    this.code = body.code || `status_${status}`;
    this.detail = body.detail || body.title || "";
    /** @type {Reason[]} */
    this.reasons = Array.isArray(body.reasons) ? body.reasons : [];
    /** @type {FieldError[]} */
    this.errors = Array.isArray(body.errors) ? body.errors : [];
    this.retryAfter = retryAfter;
  }
}

/** The request did not reach the library, or its answer did not reach us. */
export class Offline extends Error {}

/** The library was reached, and records nothing for the moment, such as while its database is without a primary: what was sent may be sent again. */
export class Paused extends Offline {
  /**
   * @param {string} message
   * @param {number} [retryAfter] seconds
   */
  constructor(message, retryAfter = 0) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** A fresh key for one command; sent again with the same key, a command has one effect. */
export function commandKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} [query] empty values are left out; lists repeat the name
 */
export function address(path, query = {}) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "" && one !== false) params.append(name, String(one));
    }
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

/**
 * consistency is what a live event said: the answer includes what that told of. version is that of the thing which is changed: another's change in the meantime is answered by 412. A Blob goes as it is.
 * @typedef {{body?: unknown, key?: string, version?: number, consistency?: string, signal?: AbortSignal}} Options
 */

/**
 * @param {string} method
 * @param {string} url
 * @param {Options} [options]
 * @returns {Promise<any>}
 */
async function call(method, url, { body, key, version, consistency, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json, application/problem+json" };
  if (body instanceof Blob) headers["Content-Type"] = body.type || "application/octet-stream";
  else if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key) headers["Idempotency-Key"] = key;
  if (consistency) headers["BookVault-Consistency"] = consistency;
  if (version !== undefined) headers["If-Match"] = `"${version}"`;
  let answer;
  let text;
  try {
    answer = await fetch(url, {
      method,
      headers,
      signal,
      credentials: "same-origin",
      body: body instanceof Blob ? body : body === undefined ? undefined : JSON.stringify(body),
    });
    text = await answer.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Offline("the library cannot be reached", { cause: error });
  }
  let value = null;
  if (text) {
    try {
      value = JSON.parse(text);
    } catch {
      value = { detail: text.slice(0, 200) };
    }
  }
  if (answer.ok) return value;
  const retryAfter = Number(answer.headers.get("Retry-After")) || undefined;
  throw new Problem(answer.status, value ?? {}, retryAfter);
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} [query]
 * @param {AbortSignal} [signal]
 * @param {string} [consistency]
 */
export function get(path, query, signal, consistency) {
  return call("GET", address(path, query), { signal, consistency });
}

/**
 * Sends a command, with a key of its own unless one is given (to send it again).
 * @param {string} path
 * @param {unknown} [body]
 * @param {string} [key]
 */
export function post(path, body = {}, key = commandKey()) {
  return call("POST", path, { body, key });
}

/**
 * @param {string} path
 * @param {string} [key]
 */
export function remove(path, key) {
  return call("DELETE", path, { key });
}

/**
 * Replaces a thing.
 * @param {string} path
 * @param {unknown} body
 * @param {Options} [options]
 */
export function put(path, body, options) {
  return call("PUT", path, { body, ...options });
}

/**
 * Changes what the body names of a thing.
 * @param {string} path
 * @param {unknown} body
 * @param {Options} [options]
 */
export function patch(path, body, options) {
  return call("PATCH", path, { body, ...options });
}

/**
 * Sends a file.
 * @param {string} path
 * @param {Blob} file
 * @param {Record<string, unknown>} [query]
 */
export function upload(path, file, query) {
  return call("POST", address(path, query), { body: file });
}
