// Starts the emulator on loopback behind Google's own paths, and says where on standard output.
//
// The emulator keeps its OAuth service under paths of its own; Google has it on hosts of their own
// (oauth2.googleapis.com/token, openidconnect.googleapis.com/v1/userinfo). Nothing else is changed.
import http from 'node:http'
import { once } from 'node:events'
import { createEmulator } from 'emulate'

const OWN = { '/token': '/oauth2/token', '/revoke': '/oauth2/revoke', '/v1/userinfo': '/oauth2/v2/userinfo' }
const seed = {
  google: {
    users: [{ email: 'alice@example.org', name: 'Alice' }],
    calendars: [{
      id: 'primary', user_email: 'alice@example.org', summary: 'Alice', primary: true, selected: true,
      time_zone: 'Europe/Paris',
    }],
  },
}

const probe = http.createServer().listen(0, '127.0.0.1')
await once(probe, 'listening')
const { port } = probe.address()
probe.close()
await once(probe, 'close')
const emulator = await createEmulator({ service: 'google', port, seed })

const front = http.createServer((request, response) => {
  const [path, query] = request.url.split('?')
  const options = {
    host: '127.0.0.1', port: new URL(emulator.url).port, method: request.method, headers: request.headers,
    path: (OWN[path] ?? path) + (query === undefined ? '' : `?${query}`),
  }
  const passed = http.request(options, (answer) => {
    response.writeHead(answer.statusCode, answer.headers)
    answer.pipe(response)
  })
  passed.on('error', () => response.destroy())
  request.pipe(passed)
})
front.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${front.address().port}`))

// The emulator ends with whoever started it.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
