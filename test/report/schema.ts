// The part of JSON Schema that the report's schema uses, checked.

type Schema = Readonly<Record<string, unknown>>;

/** Where and how a value breaks a schema. */
export function violations(schema: Schema, value: unknown, at = "$"): string[] {
  if ("const" in schema) return schema.const === value ? [] : [`${at}: not ${JSON.stringify(schema.const)}`];
  if ("enum" in schema)
    return (schema.enum as unknown[]).includes(value) ? [] : [`${at}: not one of the values`];
  if ("oneOf" in schema) {
    const fitting = (schema.oneOf as Schema[]).filter((option) => violations(option, value, at).length === 0);
    return fitting.length === 1 ? [] : [`${at}: fits ${fitting.length} of the options`];
  }
  const types = [schema.type].flat() as string[];
  if (!types.some((type) => isOfType(type, value))) return [`${at}: not of type ${types.join(" or ")}`];
  if (typeof value === "number" && typeof schema.minimum === "number" && value < schema.minimum)
    return [`${at}: below ${schema.minimum}`];
  if (Array.isArray(value))
    return value.flatMap((item, i) => violations(schema.items as Schema, item, `${at}[${i}]`));
  if (typeof value !== "object" || value === null) return [];
  const properties = schema.properties as Record<string, Schema>;
  const missing = (schema.required as string[])
    .filter((name) => !(name in value))
    .map((name) => `${at}.${name}: missing`);
  const found = Object.entries(value).flatMap(([name, item]) =>
    properties[name] ? violations(properties[name], item, `${at}.${name}`) : [`${at}.${name}: not allowed`],
  );
  return [...missing, ...found];
}

function isOfType(type: string, value: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
