import { render } from "preact";

render(<main>hubbub</main>, document.getElementById("app")!);
