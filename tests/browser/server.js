// A web server for the pages: files of this folder, and nothing else.

import { createReadStream } from 'node:fs'
import { createServer } from 'node:http'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'

const types = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
}

/** What every page needs beside its own folder. */
const library = '/node_modules/ethers/dist/'

/** Serves `folder` at `port` of 127.0.0.1, 0 for a free one. `documents` are answers by path. Resolves to the origin. */
export async function serve(folder, { port = 0, documents = {} } = {}) {
  const server = createServer((request, response) => {
    // Parsing takes `..` out of the path.
    const { pathname } = new URL(request.url, 'http://127.0.0.1')
    response.setHeader('Content-Type', types[extname(pathname)] ?? 'application/octet-stream')
    if (documents[pathname]) return response.end(JSON.stringify(documents[pathname]))
    if (![`/${folder}/`, library].some((prefix) => pathname.startsWith(prefix))) return missing(response)
    createReadStream(fileURLToPath(new URL(`.${pathname}`, import.meta.url)))
      .on('error', () => missing(response))
      .pipe(response)
  })
  await new Promise((resolve, reject) => server.on('error', reject).listen(port, '127.0.0.1', resolve))
  return `http://127.0.0.1:${server.address().port}`
}

function missing(response) {
  response.writeHead(404).end()
}
