import { render } from "preact";
import { keep, onOtherTab } from "./chat/keep";
import { keepStore } from "./chat/keeping";
import { watchPerson } from "./chat/presence";
import { followAddress } from "./chat/route";
import { dispatch } from "./store/store";
import { App } from "./view/app";
import { chat } from "./view/app-chat";
import { leaveKeysToInputMethods } from "./view/composing";
import { dressDocument } from "./view/dress";
import "./style/base.css";
import "./style/people.css";
import "./style/room.css";
import "./style/messages.css";
import "./style/composer.css";
import "./style/dialogs.css";
import "./style/forms.css";
import "./style/menu.css";

leaveKeysToInputMethods();
chat.resume();
keepStore();
followAddress(chat);
watchPerson(chat);
chat.pushing.watch();
onOtherTab((what, key) => {
  if (what === "session" || what === "rooms") chat.otherTab(what);
  else if (what === "settings") dispatch({ type: "settings", settings: keep.all().settings });
  else if (what === "unsent") chat.saying.saidElsewhere(key);
});

dressDocument();
const app = document.getElementById("app");
if (app !== null) render(<App />, app);
if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js").catch(() => undefined);
