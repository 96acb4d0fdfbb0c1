// The words of notifications: strings.ts is the page's, and the service worker is one file.

export const words = {
  app: "hubbub",
  inRoom: (name: string, room: string): string => `${name} in #${room}`,
  something: "Something was said.",
  test: "Notifications of this server arrive here.",
};
