import { WallClock, wholeMinutes } from "@lib/index";

export function Row({ name }: { name: string }) {
  return <li>{name}</li>;
}

export function Board({ names }: { names: string[] }) {
  const due = wholeMinutes(new WallClock());
  return (
    <ul title={`${due}`}>
      {names.map((name) => (
        <Row name={name} />
      ))}
    </ul>
  );
}
