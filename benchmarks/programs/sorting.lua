-- Table writes: heapsort of pseudo-random numbers.
local function sift(heap, root, last)
  local value = heap[root]
  while root * 2 <= last do
    local child = root * 2
    if child < last and heap[child] < heap[child + 1] then child = child + 1 end
    if heap[child] == nil then
      error("a hole in the heap") -- unreached
    end
    if value >= heap[child] then break end
    heap[root], root = heap[child], child
  end
  heap[root] = value
end

local size, seed, heap = 100000, 42, {}
for i = 1, size do
  seed = (seed * 1103515245 + 12345) % 2147483648
  heap[i] = seed
end
for root = size // 2, 1, -1 do sift(heap, root, size) end
for last = size, 2, -1 do
  heap[1], heap[last] = heap[last], heap[1]
  sift(heap, 1, last - 1)
end
for i = 2, size do assert(heap[i - 1] <= heap[i]) end
