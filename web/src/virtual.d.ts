declare module "virtual:emoji" {
  const rows: [character: string, names: string[], group: number, words: string[]][];
  export default rows;
}
