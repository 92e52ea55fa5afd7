// node.js http|https|child PORT FOLDER: a small server; "child" answers with what a child process printed.
const http = require('http');
const https = require('https');
const fs = require('fs');
const { execFile } = require('child_process');
const [kind, port, folder] = process.argv.slice(2);
const big = Buffer.alloc(300000, 'x');

function answer(req, res) {
  if (req.url === '/big') return res.end(big);
  if (kind !== 'child') return res.end('hello\n');
  execFile('/bin/echo', ['hello'], (err, out) => res.end(err ? String(err) : out));
}

const server = kind === 'https'
  ? https.createServer({ key: fs.readFileSync(folder + '/key.pem'), cert: fs.readFileSync(folder + '/cert.pem') }, answer)
  : http.createServer(answer);
server.listen(Number(port), '127.0.0.1');
process.on('SIGTERM', () => {
  server.close();
  server.closeAllConnections();
});
