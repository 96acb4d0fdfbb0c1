import { Component, h, type ComponentChild, type FunctionComponent } from "preact";

/** A component that is shown again only where one of its properties is another one. */
export function memo<P extends object>(inner: FunctionComponent<P>): new (props: P) => Component<P> {
  return class extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const before = this.props as Record<string, unknown>;
      return Object.entries(next).some(([key, value]) => before[key] !== value);
    }

    override render(): ComponentChild {
      return h(inner as FunctionComponent, this.props as object);
    }
  };
}
