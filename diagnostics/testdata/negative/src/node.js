// A small HTTP server; it ends when it is asked for /quit.
const http = require('http');
const server = http.createServer((req, res) => {
  res.end('hello\n');
  if (req.url === '/quit') {
    server.close();
    server.closeAllConnections();
  }
});
server.listen(8403, '127.0.0.1');
