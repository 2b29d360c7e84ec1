// Requests to the server: with the token where one is needed, and with what went wrong as an error in the page's language.

import { problemOf } from "./problems.js";
import { withToken } from "./token.js";

/** The answer of an address; an error if it is a problem. */
export async function answerOf(address, options) {
  const response = await withToken(() => fetch(address, options));
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** An answer's JSON; null where there is none. */
export async function ask(address, options) {
  const response = await answerOf(address, options);
  return response.status === 204 ? null : response.json();
}
