import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;

/**
 * Caffeine under the loads of larder-bench memory: a command a line on standard input, an answer a line on standard
 * output. It ends with its input.
 *
 * <pre>
 * hits KEYS LIMIT ROUNDS ORDER      fills a cache and warms up              ready
 * zipf KEYS LIMIT ORDER...          one order a thread, and warms up        ready
 * run THREADS                       measures what was prepared              NANOSECONDS CPU_NANOSECONDS HIT_RATIO
 * bytes KEYS                        fills a cache with that limit           BYTES_AN_ENTRY
 * </pre>
 *
 * An ORDER is a file of indices into the keys, four bytes each, the lowest first. The cache is as its builder makes it
 * with a maximum size: maintenance runs on the common ForkJoinPool, beside the threads that are measured.
 */
public final class CaffeinePeer {
  /** Indices a call of a measured loop takes, so that the compiler has seen whole calls before anything is measured. */
  private static final int PORTION = 1 << 16;
  private static final long WARM_UP_NANOSECONDS = 2_000_000_000L;

  /** Where results go, so that the work cannot be left out. */
  private static volatile long sink;

  private static final class Payload {
    final long number;

    Payload(long number) {
      this.number = number;
    }
  }

  private interface Load {
    /** Gets ready for another measurement, which is not measured. */
    void prepare(int threads) throws InterruptedException;

    /** Does the work of one thread and returns the number of misses. */
    long work(int thread);

    long operations();
  }

  public static void main(String[] arguments) throws IOException, InterruptedException {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
    Load load = null;
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      String[] words = line.split(" ");
      switch (words[0]) {
        case "hits":
          load = new Hits(keys(count(words[1])), count(words[2]), count(words[3]), order(words[4]));
          warmUp(load, 2);
          System.out.println("ready");
          break;
        case "zipf":
          int[][] orders = new int[words.length - 3][];
          for (int index = 0; index < orders.length; index++) {
            orders[index] = order(words[index + 3]);
          }
          load = new Zipf(keys(count(words[1])), count(words[2]), orders);
          warmUp(load, orders.length);
          System.out.println("ready");
          break;
        case "run":
          System.out.println(measure(load, count(words[1])));
          break;
        case "bytes":
          load = null;
          System.out.println(bytes(count(words[1])));
          break;
        default:
          throw new IllegalArgumentException(line);
      }
      System.out.flush();
    }
  }

  // Loads

  private static final class Hits implements Load {
    private final String[] keys;
    private final int[] order;
    private final int rounds;
    private final Cache<String, Payload> cache;

    Hits(String[] keys, int limit, int rounds, int[] order) {
      this.keys = keys;
      this.order = order;
      this.rounds = rounds;
      this.cache = Caffeine.newBuilder().maximumSize(limit).build();
      for (int index = 0; index < keys.length; index++) {
        this.cache.put(keys[index], new Payload(index));
      }
    }

    @Override
    public void prepare(int threads) {}

    @Override
    public long work(int thread) {
      long sum = 0;
      for (int round = 0; round < this.rounds; round++) {
        int start = (thread * 7_919 + round) & (this.order.length - 1);
        for (int from = 0; from < this.order.length; from += PORTION) {
          sum += this.portion(start, from, Math.min(from + PORTION, this.order.length));
        }
      }
      sink += sum;
      return 0;
    }

    private long portion(int start, int from, int end) {
      long sum = 0;
      for (int position = from; position < end; position++) {
        String key = this.keys[this.order[(position + start) & (this.order.length - 1)]];
        Payload payload = this.cache.getIfPresent(key);
        if (payload != null) {
          sum += payload.number;
        }
      }
      return sum;
    }

    @Override
    public long operations() {
      return (long) this.rounds * this.order.length;
    }
  }

  private static final class Zipf implements Load {
    private final String[] keys;
    private final int limit;
    private final int[][] orders;
    private final Payload payload = new Payload(1);
    private Cache<String, Payload> cache;

    Zipf(String[] keys, int limit, int[][] orders) {
      this.keys = keys;
      this.limit = limit;
      this.orders = orders;
    }

    /** A new cache, filled by the same requests once: a service runs for longer than it warms up. */
    @Override
    public void prepare(int threads) throws InterruptedException {
      this.cache = Caffeine.newBuilder().maximumSize(this.limit).build();
      run(this, threads);
    }

    @Override
    public long work(int thread) {
      int[] order = this.orders[thread];
      long misses = 0;
      for (int from = 0; from < order.length; from += PORTION) {
        misses += this.portion(order, from, Math.min(from + PORTION, order.length));
      }
      return misses;
    }

    private long portion(int[] order, int from, int end) {
      long sum = 0;
      long misses = 0;
      for (int position = from; position < end; position++) {
        String key = this.keys[order[position]];
        Payload found = this.cache.getIfPresent(key);
        if (found != null) {
          sum += found.number;
        } else {
          this.cache.put(key, this.payload);
          misses++;
        }
      }
      sink += sum;
      return misses;
    }

    @Override
    public long operations() {
      return this.orders[0].length;
    }
  }

  // Measuring

  private static String measure(Load load, int threads) throws InterruptedException {
    load.prepare(threads);
    Run run = run(load, threads);
    double operations = load.operations();
    return String.format(
        Locale.ROOT,
        "%.4f %.4f %.6f",
        run.nanoseconds / operations,
        run.cpuNanoseconds / operations / threads,
        1 - run.misses / operations / threads);
  }

  private static void warmUp(Load load, int threads) throws InterruptedException {
    long end = System.nanoTime() + WARM_UP_NANOSECONDS;
    do {
      load.prepare(threads);
      run(load, 1);
      run(load, threads);
    } while (System.nanoTime() < end);
  }

  private static final class Run {
    long nanoseconds;
    /** Of the threads that are measured: what Caffeine does elsewhere, on the ForkJoinPool, is not in it. */
    long cpuNanoseconds;
    long misses;
  }

  private static Run run(Load load, int threads) throws InterruptedException {
    CountDownLatch ready = new CountDownLatch(threads);
    CountDownLatch start = new CountDownLatch(1);
    long[] misses = new long[threads];
    long[] cpu = new long[threads];
    Thread[] all = new Thread[threads];
    for (int index = 0; index < threads; index++) {
      int thread = index;
      all[index] =
          new Thread(
              () -> {
                ready.countDown();
                try {
                  start.await();
                } catch (InterruptedException error) {
                  throw new IllegalStateException(error);
                }
                long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
                misses[thread] = load.work(thread);
                cpu[thread] = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before;
              });
      all[index].start();
    }
    ready.await();
    Run run = new Run();
    long begin = System.nanoTime();
    start.countDown();
    for (Thread thread : all) {
      thread.join();
    }
    run.nanoseconds = System.nanoTime() - begin;
    for (int index = 0; index < threads; index++) {
      run.misses += misses[index];
      run.cpuNanoseconds += cpu[index];
    }
    return run;
  }

  /** What the heap holds more of for each entry: its key and all of the cache's own, but one value for all of them. */
  private static double bytes(int count) throws InterruptedException {
    Payload payload = new Payload(1);
    long before = used();
    Cache<String, Payload> cache = Caffeine.newBuilder().maximumSize(count).build();
    // Twice as many as there is room for, so that all is there that a cache has which evicts.
    for (int index = 0; index < 2 * count; index++) {
      cache.put(key(index), payload);
    }
    cache.cleanUp();
    long after = used();
    return (double) (after - before) / cache.estimatedSize();
  }

  private static long used() throws InterruptedException {
    for (int round = 0; round < 3; round++) {
      System.gc();
      Thread.sleep(50);
    }
    return Runtime.getRuntime().totalMemory() - Runtime.getRuntime().freeMemory();
  }

  // Arguments

  private static int count(String word) {
    return Integer.parseInt(word);
  }

  private static String key(int index) {
    return String.format(Locale.ROOT, "book:%015d", index);
  }

  private static String[] keys(int count) {
    String[] keys = new String[count];
    for (int index = 0; index < count; index++) {
      keys[index] = key(index);
    }
    return keys;
  }

  private static int[] order(String file) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(Path.of(file))).order(ByteOrder.LITTLE_ENDIAN);
    int[] order = new int[bytes.remaining() / 4];
    bytes.asIntBuffer().get(order);
    return order;
  }
}
