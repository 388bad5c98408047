// Evaluates expressions with GitHub's TypeScript library: one JSON object a line in, one out.
//
//     node evaluate.mjs FOLDER_OF_NODE_MODULES < cases > values
import { createInterface } from "node:readline";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const library = join(process.argv[2], "@actions/expressions/dist/index.js");
const { Lexer, Parser, Evaluator, data } = await import(pathToFileURL(library).href);

/** Plain JSON to the library's values. */
function given(value) {
  if (value === null) return new data.Null();
  if (typeof value === "boolean") return new data.BooleanData(value);
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "string") return new data.StringData(value);
  if (Array.isArray(value)) return new data.Array(...value.map(given));
  const pairs = Object.entries(value).map(([key, item]) => ({ key, value: given(item) }));
  return new data.Dictionary(...pairs);
}

/** The library's values to JSON that tells NaN and infinities apart. */
function plain(value) {
  switch (value.kind) {
    case data.Kind.Null:
      return { kind: "null" };
    case data.Kind.Boolean:
      return { kind: "boolean", value: value.value };
    case data.Kind.Number:
      return { kind: "number", value: String(value.number()) };
    case data.Kind.String:
      return { kind: "string", value: value.coerceString() };
    case data.Kind.Array:
      return { kind: "array", items: value.values().map(plain) };
    default:
      return {
        kind: "object",
        keys: value.pairs().map((pair) => pair.key),
        items: value.pairs().map((pair) => plain(pair.value)),
      };
  }
}

const out = [];
for await (const line of createInterface({ input: process.stdin })) {
  const { expression, contexts } = JSON.parse(line);
  let answer;
  let stage = "syntax";
  try {
    const { tokens } = new Lexer(expression).lex();
    const tree = new Parser(tokens, Object.keys(contexts), []).parse();
    stage = "evaluation";
    answer = { value: plain(new Evaluator(tree, given(contexts)).evaluate()) };
  } catch (error) {
    // The runner's message has the position in it, from 1; the library's error has it beside.
    const position = error.pos ? error.pos.column + 1 : null;
    answer = { error: stage, message: String(error.message), position };
  }
  out.push(JSON.stringify(answer));
}
process.stdout.write(out.join("\n") + "\n");
