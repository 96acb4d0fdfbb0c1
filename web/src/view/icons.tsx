import type { VNode } from "preact";

function icon(path: string, width = 1.8): () => VNode {
  return () => (
    <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width={width} stroke-linecap="round" stroke-linejoin="round">
      <path d={path} />
    </svg>
  );
}

export const MenuIcon = icon("M4 7h16M4 12h16M4 17h10");
export const PeopleIcon = icon(
  "M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7ZM2.5 20c0-3.6 2.9-6 6.5-6s6.5 2.4 6.5 6M16 4.4a3.5 3.5 0 0 1 0 6.3M18 14.6c2.1.8 3.5 2.8 3.5 5.4",
);
export const SmileIcon = icon("M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.2c.8 1.2 2 1.9 3.5 1.9s2.7-.7 3.5-1.9M9 9.8v.1M15 9.8v.1");
export const SendIcon = icon("M4.5 12 3.6 5.2c-.1-.9.8-1.5 1.6-1.2l14.6 7.1c.8.4.8 1.4 0 1.8L5.2 20c-.8.3-1.7-.3-1.6-1.2L4.5 12Zm0 0h7");
export const PlusIcon = icon("M12 5v14M5 12h14");
export const GearIcon = icon("M4 8h9M17 8h3M4 16h3M11 16h9M15 10.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4ZM9 18.2a2.2 2.2 0 1 0 0-4.4 2.2 2.2 0 0 0 0 4.4Z");
export const CloseIcon = icon("m6 6 12 12M18 6 6 18");
export const DownIcon = icon("M12 5v14m-6-6 6 6 6-6");
export const UpIcon = icon("M12 19V5m-6 6 6-6 6 6");
export const SearchIcon = icon("M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14Zm5-2 4.5 4.5");
export const LeaveIcon = icon("M14 4H6.5A1.5 1.5 0 0 0 5 5.5v13A1.5 1.5 0 0 0 6.5 20H14M10 12h10m-3.5-3.5L20 12l-3.5 3.5");
export const MoreIcon = icon("M5.5 11.9v.2m6.5-.2v.2m6.5-.2v.2", 3.2);
export const LockIcon = icon("M7 11V8a5 5 0 0 1 10 0v3M6.5 11h11A1.5 1.5 0 0 1 19 12.5v6a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 5 18.5v-6A1.5 1.5 0 0 1 6.5 11Z");
export const InfoIcon = icon("M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18Zm0-10v5.5M12 7.6v.1");
export const ShieldIcon = icon("M12 3.2 5 5.8v5.4c0 4.4 2.9 7.7 7 9.6 4.1-1.9 7-5.2 7-9.6V5.8l-7-2.6Z");

/** Two speech balloons, one answering the other. */
export function Mark(): VNode {
  return (
    <svg class="mark" viewBox="0 0 64 64" width="56" height="56" aria-hidden="true">
      <path class="back" d="M26 10h24a8 8 0 0 1 8 8v13a8 8 0 0 1-8 8h-1v8l-9-8" />
      <path class="front" d="M14 20h22a8 8 0 0 1 8 8v12a8 8 0 0 1-8 8H25l-10 8v-8h-1a8 8 0 0 1-8-8V28a8 8 0 0 1 8-8Z" />
      <circle cx="17" cy="34" r="2.6" />
      <circle cx="25" cy="34" r="2.6" />
      <circle cx="33" cy="34" r="2.6" />
    </svg>
  );
}
