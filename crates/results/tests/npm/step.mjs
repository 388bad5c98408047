// One step that uses GitHub's clients: `node step.mjs STEP ARGUMENT…`. Its last
// line is the result as JSON, or {"error": …}.
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';

const load = file => import(pathToFileURL(join(process.env.PACKAGES, '@actions', file)).href);
const artifacts = async () => (await load('artifact/lib/artifact.js')).default;
const caches = () => load('cache/lib/cache.js');

const steps = {
    async upload(name, root, ...files) {
        const paths = files.map(file => resolve(file));
        return (await artifacts()).uploadArtifact(name, paths, resolve(root));
    },
    async 'upload-file'(file) {
        const options = {skipArchive: true};
        return (await artifacts()).uploadArtifact(file, [resolve(file)], resolve('.'), options);
    },
    async list() {
        return (await artifacts()).listArtifacts();
    },
    async download(name, path, expectedHash) {
        const client = await artifacts();
        const {artifact} = await client.getArtifact(name);
        return client.downloadArtifact(artifact.id, {path: resolve(path), expectedHash});
    },
    async delete(name) {
        return (await artifacts()).deleteArtifact(name);
    },
    async save(key, ...paths) {
        return {id: await (await caches()).saveCache(paths, key)};
    },
    async restore(path, key, ...restoreKeys) {
        return {key: (await (await caches()).restoreCache([path], key, restoreKeys)) ?? null};
    },
    async 'id-token'(url, token, audience) {
        process.env.ACTIONS_ID_TOKEN_REQUEST_URL = url;
        process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN = token;
        return {token: await (await load('core/lib/core.js')).getIDToken(audience)};
    },
};

const [step, ...rest] = process.argv.slice(2);
let result;
try {
    result = await steps[step](...rest);
} catch (error) {
    result = {error: error.message};
}
console.log(`\n${JSON.stringify(result)}`);
