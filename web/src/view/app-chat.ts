import { Chat } from "../chat/chat";

const scheme = location.protocol === "https:" ? "wss" : "ws";

/** The line of this page. */
export const chat = new Chat(`${scheme}://${location.host}/chat`);
