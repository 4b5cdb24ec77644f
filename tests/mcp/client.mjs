// client.mjs old|legacy|auto|VERSION TOOL ARGUMENTS COMMAND...: a session of an official TypeScript SDK with a server over
// stdio: "old" is @modelcontextprotocol/sdk, the others are modes of @modelcontextprotocol/client. What came is one line of
// JSON on stdout.
import { pathToFileURL } from 'node:url';
import { join } from 'node:path';

const [mode, tool, args, command, ...rest] = process.argv.slice(2);
const packages = join(import.meta.dirname, 'node_modules', '@modelcontextprotocol');
const load = (path) => import(pathToFileURL(join(packages, path)).href);

async function connect() {
	const old = mode === 'old';
	const { Client } = await load(old ? 'sdk/dist/esm/client/index.js' : 'client/dist/index.mjs');
	const { StdioClientTransport } = await load(old ? 'sdk/dist/esm/client/stdio.js' : 'client/dist/stdio.mjs');
	const negotiation = mode === 'legacy' || mode === 'auto' ? mode : { pin: mode };
	const client = new Client({ name: 'tests', version: '1' }, old ? {} : { versionNegotiation: { mode: negotiation } });

	await client.connect(new StdioClientTransport({ command, args: rest, env: process.env, stderr: 'inherit' }));
	return client;
}

const client = await connect();
const { tools } = await client.listTools();
const { prompts } = await client.listPrompts();
const { resources } = await client.listResources();
const { resourceTemplates } = await client.listResourceTemplates();
const called = await client.callTool({ name: tool, arguments: JSON.parse(args) });
const prompt = await client.getPrompt({ name: 'test_prompt_with_arguments', arguments: { arg1: 'a', arg2: 'b' } });
const read = await client.readResource({ uri: 'test://template/7/data' });
const names = (list) => list.map((entry) => entry.name);

console.log(JSON.stringify({
	version: client.getNegotiatedProtocolVersion?.() ?? null, server: client.getServerVersion(), tools: names(tools),
	prompts: names(prompts), resources: names(resources), templates: names(resourceTemplates), called, prompt, read,
}));
await client.close();
