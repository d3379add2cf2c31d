"""The suite: behaviour through real HTTP, real sockets and a real mongod; mirrors the tree."""
