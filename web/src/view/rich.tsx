// The tree of text/format.ts as nodes: every text stays a text.

import type { ComponentChild, VNode } from "preact";
import { strings } from "../strings";
import { format, type Block, type Inline } from "../text/format";
import { fold } from "../text/mention";

const KEPT = 1000;
const known = new Map<string, Block[]>();
let knownNames: ReadonlySet<string> | null = null;

/** Formatting has its price, and a window of messages is shown again and again. */
function formatted(text: string, names: ReadonlySet<string>): Block[] {
  if (names !== knownNames || known.size > KEPT) {
    known.clear();
    knownNames = names;
  }
  const found = known.get(text) ?? format(text, names);
  known.set(text, found);
  return found;
}

interface Props {
  text: string;
  names: ReadonlySet<string>;
  me: string;
}

export function Rich({ text, names, me }: Props): VNode {
  const own = fold(me);
  return <>{formatted(text, names).map((block) => showBlock(block, own))}</>;
}

function showBlock(block: Block, own: string): ComponentChild {
  switch (block.kind) {
    case "code":
      return (
        <pre class="code" dir="ltr" tabIndex={0} aria-label={block.language || strings.code}>
          <code>{block.text}</code>
        </pre>
      );
    case "quote":
      return <blockquote dir="auto">{block.children.map((each) => showInline(each, own))}</blockquote>;
    case "paragraph":
      return <p dir="auto">{block.children.map((each) => showInline(each, own))}</p>;
  }
}

function showInline(node: Inline, own: string): ComponentChild {
  switch (node.kind) {
    case "text":
      return node.text;
    case "break":
      return <br />;
    case "code":
      return <code dir="ltr">{node.text}</code>;
    case "strong":
      return <strong>{node.children.map((each) => showInline(each, own))}</strong>;
    case "em":
      return <em>{node.children.map((each) => showInline(each, own))}</em>;
    case "del":
      return <del>{node.children.map((each) => showInline(each, own))}</del>;
    case "link":
      return (
        <a href={node.href} target="_blank" rel="noopener noreferrer nofollow">
          {node.children.map((each) => showInline(each, own))}
        </a>
      );
    case "mention":
      return <bdi class={fold(node.name) === own ? "mention own" : "mention"}>{node.text}</bdi>;
  }
}
