# SPDX-License-Identifier: MIT
# tools/layers: reads docs/ARCHITECTURE.md (first file), then lines `dir:src/FOLDER` and `FILE:LINE:#include "…"`.
# Prints a line for each fault, and exits 1 where there is any.
function fault(text) { print text; faults++ }
function words(cell) { gsub(/`/, "", cell); gsub(/^ +| +$/, "", cell); return cell }
function first(path) { sub(/\/.*/, "", path); return path }
function module(path) { sub(/^src\//, "", path); sub(/\.[ch]$/, "", path); return path }

# The tables: a header line opens one, a line that is no row closes it.
FNR == NR && /^\| folder \|/ { table = "folders"; next }
FNR == NR && /^\| public header \|/ { table = "headers"; next }
FNR == NR && !/^\| *`/ { if ($0 !~ /^\|---/) table = ""; next }
FNR == NR {
  n = split($0, cell, "|")
  if (table == "folders") {
    folder = words(cell[2]); known[folder] = 1
    n = split(words(cell[n - 1]), used, " +")
    for (i = 1; i <= n; i++) may[folder, used[i]] = 1
  } else if (table == "headers") owner[words(cell[2])] = words(cell[3])
  next
}

/^dir:src\// {
  sub(/^dir:src\//, "")
  if (!($0 in known)) fault("src/" $0 ": docs/ARCHITECTURE.md has no row for this folder")
  next
}
{
  split($0, part, ":"); file = part[1]; at = part[1] ":" part[2] ": "
  split($0, quoted, "\""); target = quoted[2]
  if (file ~ /^include\//) {
    if (target !~ /^godwit\//) fault(at "a public header includes \"" target "\", which is private")
    edge(file, "include/" target)
    next
  }
  sub(/^src\//, "", file); from = first(file)
  if (target !~ /\//) { fault(at "\"" target "\" does not say which folder it is in"); next }
  to = target ~ /^godwit\// ? owner[target] : first(target)
  if (to == "") { fault(at "docs/ARCHITECTURE.md does not say whose \"" target "\" is"); next }
  if (to != from && !((from, to) in may) && !((from, target) in may))
    fault(at "`" from "` may not use \"" target "\" (`" to "`)")
  if (target !~ /^godwit\//) edge("src/" file, "src/" target)
}

# Two graphs: of headers as they are, and of modules (a .c with its .h).
function edge(a, b) {
  if (a ~ /\.h$/) add("h", a, b)
  if (module(a) != module(b)) add("m", module(a), module(b))
}
function add(graph, a, b) {
  if ((graph, a, b) in seen) return
  seen[graph, a, b] = 1
  nodes[graph, a] = 1
  out[graph, a] = out[graph, a] " " b
}
# Every node that can be reached from `start`, into reach[start, …].
function flood(graph, start,    queue, head, tail, next_ones, n, i, node) {
  queue[1] = start; head = tail = 1
  while (head <= tail) {
    node = queue[head++]
    n = split(out[graph, node], next_ones, " ")
    for (i = 1; i <= n; i++)
      if (!((graph, start, next_ones[i]) in reach)) {
        reach[graph, start, next_ones[i]] = 1
        queue[++tail] = next_ones[i]
      }
  }
}
# Nodes that reach each other form a ring; `most` of them are fine.
function rings(graph, most, what,    key, pair, other, pair2, ring, size, done) {
  for (key in nodes) { split(key, pair, SUBSEP); if (pair[1] == graph) flood(graph, pair[2]) }
  for (key in nodes) {
    split(key, pair, SUBSEP)
    if (pair[1] != graph || (pair[2] in done) || !((graph, pair[2], pair[2]) in reach)) continue
    ring = ""; size = 0
    for (other in nodes) {
      split(other, pair2, SUBSEP)
      if (pair2[1] != graph) continue
      if (((graph, pair[2], pair2[2]) in reach) && ((graph, pair2[2], pair[2]) in reach)) {
        ring = ring " " pair2[2]; size++; done[pair2[2]] = 1
      }
    }
    if (size > most) fault(what ":" ring)
  }
}
END {
  if (!("base" in known)) fault("docs/ARCHITECTURE.md: no table of folders found")
  rings("h", 0, "headers include each other in a circle")
  # A struct and the rooms around it may know each other; more of them is the knot that a god header makes.
  rings("m", 4, "files know each other in a ring")
  exit faults > 0
}
