package trace
const chunkEvents = 1 << 16
