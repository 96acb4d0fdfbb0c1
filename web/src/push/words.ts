// The words of notifications: strings.ts is the page's, and the service worker is one file.

export const words = {
  app: "hubbub",
  inRoom: (name: string, room: string): string => `${name} in ${titled(room)}`,
  something: "Something was said.",
  test: "Notifications of this server arrive here.",
};

/** As text/room-name.ts has it for the page; a test holds them together. */
function titled(room: string): string {
  return /^\+(.+)-[^-]{6}$/u.exec(room)?.[1] ?? `#${room}`;
}
