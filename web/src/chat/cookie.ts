// The secret of one's session, handed over to the browser: as a cookie that no script can read
// (docs/security.md). What it answers is only whether that worked.

const PATH = "/session";

/** Leaves a secret with the browser; false where the server or the browser takes none. */
export async function handOver(token: string): Promise<boolean> {
  // A browser that blocks cookies takes the answer and keeps nothing: it is asked to show it.
  return (await post({ token })) && (await post({}));
}

/** Has the cookie last as long as the session from now on. */
export function renewCookie(): Promise<boolean> {
  return post({});
}

export function clearCookie(): void {
  fetch(PATH, { method: "DELETE", keepalive: true }).catch(() => undefined);
}

async function post(body: { token?: string }): Promise<boolean> {
  try {
    // It goes on where the page is left at this very moment.
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(PATH, { method: "POST", headers, body: JSON.stringify(body), keepalive: true });
    return answer.status === 204;
  } catch {
    return false;
  }
}
