/* Runs a program on simavr's core and parts, with a 25-series flash chip at its SPI where one is asked for. What is done is read
   from standard input, a line each; what happens is told on standard output.

       device NAME HZ           which chip, at which clock
       flash FILE               the program's bytes, from address 0
       chip PORT BIT POWER FILE a flash chip of 2^POWER bytes, selected by a pin; FILE is what is in it, - for nothing
       show ADDRESS COUNT       bytes of RAM that are told with each watch
       watch ADDRESS            an address of the program, in bytes: tells `at ADDRESS CYCLE BYTES`
       mark ADDRESS             a data address: tells `mark VALUE CYCLE` when the program writes there
       poke ADDRESS BYTES       writes to RAM
       run CYCLES               goes on until the program loops at one place; so many cycles are an error
       talk CYCLES              goes on until the program says "> " over the serial line, likewise
       type BYTES               sends bytes over the line, then goes on until the program says "> "
       send BYTES FILE          sends bytes, then a file by XMODEM, then goes on likewise
       save FILE                writes what is in the flash chip

   Bytes are hexadecimal. `said BYTES` tells what the program has sent until "> ", `end CYCLE` that it loops. */

#include <simavr/avr_ioport.h>
#include <simavr/avr_spi.h>
#include <simavr/avr_uart.h>
#include <simavr/sim_avr.h>
#include <simavr/sim_io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WATCHES = 16, SHOWN = 1024, TEXT = 1 << 20 };

static avr_t *avr;
static avr_cycle_count_t limit;
static uint32_t watches[WATCHES];
static unsigned watch_count;
static uint16_t shown[SHOWN][2];
static unsigned shown_count;

static void fail(const char *what, const char *detail) {
    fprintf(stderr, "%s: %s\n", what, detail);
    exit(1);
}

static uint8_t *read_file(const char *name, size_t *length) {
    FILE *file = fopen(name, "rb");
    if (!file) fail(name, "cannot be read");
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*length + 1);
    if (!bytes || fread(bytes, 1, *length, file) != *length) fail(name, "cannot be read");
    fclose(file);
    return bytes;
}

static unsigned nibble(char digit) {
    const char *digits = "0123456789abcdef", *at = strchr(digits, digit);
    if (!digit || !at) fail("not hexadecimal", "a digit");
    return (unsigned)(at - digits);
}

static uint8_t hex(const char *two) {
    return (uint8_t)(nibble(two[0]) << 4 | nibble(two[1]));
}

/* The flash chip. It is written from the data sheets of W25Q and MX25L chips, for mode 0. */
static struct {
    uint8_t *bytes;
    uint32_t size;
    uint8_t power;
    int selected, may_write;
    /* Bytes of the command so far, of which the first 4 and the data of a page are kept. */
    uint32_t heard;
    uint8_t command, page[256];
    uint32_t address, page_count;
    avr_cycle_count_t busy_until;
    avr_irq_t *input;
} chip;

static int is_busy(void) {
    return avr->cycle < chip.busy_until;
}

static uint8_t chip_hears(uint8_t byte) {
    uint32_t n = chip.heard++;
    if (n == 0) {
        chip.command = byte;
        chip.address = chip.page_count = 0;
        return 0xFF;
    }
    if (chip.command == 0x05) return (uint8_t)(is_busy() | chip.may_write << 1);
    if (is_busy()) return 0xFF;
    switch (chip.command) {
    case 0x9F: return n == 1 ? 0xEF : n == 2 ? 0x40 : n == 3 ? chip.power : 0;
    case 0x02: case 0x03: case 0x20:
        if (n < 4) {
            chip.address = chip.address << 8 | byte;
            return 0xFF;
        }
        if (chip.command == 0x03) return chip.bytes[chip.address++ % chip.size];
        if (chip.command == 0x02) {
            /* A page goes around, and what is beyond 256 bytes takes the place of the first. */
            chip.page[chip.page_count++ % 256] = byte;
        }
        return 0xFF;
    default: return 0xFF;
    }
}

static void chip_ends(void) {
    if (chip.command == 0x06 && chip.heard == 1) chip.may_write = 1;
    if (chip.may_write && chip.command == 0x20 && chip.heard == 4) {
        memset(chip.bytes + (chip.address % chip.size & ~0xFFFu), 0xFF, 0x1000);
        chip.busy_until = avr->cycle + avr->frequency / 1000 * 45;
        chip.may_write = 0;
    }
    if (chip.may_write && chip.command == 0x02 && chip.page_count) {
        uint32_t page = chip.address % chip.size & ~0xFFu;
        uint32_t from = chip.page_count > 256 ? chip.page_count - 256 : 0;
        for (uint32_t i = from; i < chip.page_count; i++)
            chip.bytes[page + (chip.address + i) % 256] &= chip.page[i % 256];
        chip.busy_until = avr->cycle + avr->frequency / 10000 * 7;
        chip.may_write = 0;
    }
}

static void on_select(avr_irq_t *irq, uint32_t level, void *param) {
    (void)irq, (void)param;
    int selected = !level;
    if (chip.selected && !selected && chip.heard) chip_ends();
    if (chip.selected != selected) chip.heard = 0;
    chip.selected = selected;
}

static void on_transfer(avr_irq_t *irq, uint32_t byte, void *param) {
    (void)irq, (void)param;
    avr_raise_irq(chip.input, chip.selected ? chip_hears((uint8_t)byte) : 0xFF);
}

/* simavr 1.6 lets every byte at the SPI take 100 microseconds, whatever the divider. At this clock that is 16 cycles, which a byte
   takes at half the processor's clock (the manual has one more before the first bit). Cycles of instructions know no clock. */
enum { CLOCK = 160000 };

static void attach_chip(char port, int bit, uint8_t power, const char *file) {
    avr->frequency = CLOCK;
    chip.power = power;
    chip.size = 1u << power;
    chip.bytes = malloc(chip.size);
    if (!chip.bytes) fail("flash chip", "no memory for it");
    memset(chip.bytes, 0xFF, chip.size);
    if (strcmp(file, "-")) {
        size_t length;
        uint8_t *bytes = read_file(file, &length);
        if (length > chip.size) fail(file, "larger than the flash chip");
        memcpy(chip.bytes, bytes, length);
        free(bytes);
    }
    /* Chips with one SPI name it 0, others '0'. */
    uint32_t spi = AVR_IOCTL_SPI_GETIRQ(0);
    if (!avr_io_getirq(avr, spi, SPI_IRQ_INPUT)) spi = AVR_IOCTL_SPI_GETIRQ('0');
    chip.input = avr_io_getirq(avr, spi, SPI_IRQ_INPUT);
    avr_irq_t *output = avr_io_getirq(avr, spi, SPI_IRQ_OUTPUT);
    avr_irq_t *select = avr_io_getirq(avr, AVR_IOCTL_IOPORT_GETIRQ(port), bit);
    if (!chip.input || !output || !select) fail("flash chip", "simavr has no such SPI or pin");
    avr_irq_register_notify(output, on_transfer, NULL);
    avr_irq_register_notify(select, on_select, NULL);
}

/* The serial line. */
static uint8_t said[TEXT];
static size_t said_count;
static avr_irq_t *key;

static void on_said(avr_irq_t *irq, uint32_t byte, void *param) {
    (void)irq, (void)param;
    if (said_count == TEXT) fail("serial line", "too much was said");
    said[said_count++] = (uint8_t)byte;
}

static void on_mark(avr_t *of, avr_io_addr_t at, uint8_t value, void *param) {
    (void)param;
    of->data[at] = value;
    printf("mark %u %llu\n", value, (unsigned long long)of->cycle);
}

static void do_not_wait(avr_t *of, avr_cycle_count_t cycles) {
    (void)of, (void)cycles;
}

static void tell_watch(uint32_t at) {
    printf("at %u %llu ", at, (unsigned long long)avr->cycle);
    for (unsigned i = 0; i < shown_count; i++)
        for (unsigned n = 0; n < shown[i][1]; n++) printf("%02x", avr->data[shown[i][0] + n]);
    printf("\n");
}

/* An instruction, or what time is slept. 0: it loops at one place and no interrupt will come, or simavr has stopped. */
static int step(void) {
    for (unsigned i = 0; i < watch_count; i++)
        if (avr->pc == watches[i] && avr->state == cpu_Running) tell_watch(avr->pc);
    avr_flashaddr_t before = avr->pc;
    int state = avr_run(avr);
    if (state == cpu_Done || state == cpu_Crashed) return 0;
    if (avr->cycle > limit) fail("the program", "is still running");
    return avr->pc != before || state != cpu_Running || avr->sreg[S_I];
}

static void run_until_prompt(void) {
    while (said_count < 2 || memcmp(said + said_count - 2, "> ", 2))
        if (!step()) fail("the program", "has ended");
    printf("said ");
    for (size_t i = 0; i < said_count; i++) printf("%02x", said[i]);
    printf("\n");
    said_count = 0;
}

/* A key, and the time that it takes on the line. */
static void type(uint8_t byte) {
    avr_raise_irq(key, byte);
    for (avr_cycle_count_t end = avr->cycle + 2000; avr->cycle < end;)
        if (!step()) fail("the program", "has ended");
}

static void type_all(const char *text) {
    for (; *text; text += 2) type(hex(text));
}

static uint8_t next_said(void) {
    while (!said_count)
        if (!step()) fail("the program", "has ended");
    uint8_t byte = said[0];
    memmove(said, said + 1, --said_count);
    return byte;
}

static void send(const char *name) {
    size_t length;
    uint8_t *bytes = read_file(name, &length);
    if (next_said() != 0x15) fail(name, "was not asked for");
    for (size_t at = 0; at < length; at += 128) {
        uint8_t sum = 0, number = (uint8_t)(at / 128 + 1);
        type(1);
        type(number);
        type((uint8_t)~number);
        for (size_t i = at; i < at + 128; i++) {
            uint8_t byte = i < length ? bytes[i] : 0x1A;
            sum = (uint8_t)(sum + byte);
            type(byte);
        }
        type(sum);
        if (next_said() != 0x06) fail(name, "a packet was not taken");
    }
    type(4);
    if (next_said() != 0x06) fail(name, "its end was not taken");
    free(bytes);
    run_until_prompt();
}

static void start(void) {
    uint32_t flags = 0;
    avr_ioctl(avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    key = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT);
    avr_irq_t *out = avr_io_getirq(avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT);
    if (out) avr_irq_register_notify(out, on_said, NULL);
    avr->sleep = do_not_wait;
    avr->run_cycle_limit = 1;
}

int main(void) {
    static char line[TEXT], text[TEXT], name[TEXT];
    unsigned a, b;
    char port;
    while (fgets(line, sizeof line, stdin)) {
        if (sscanf(line, "device %s %u", text, &a) == 2) {
            avr = avr_make_mcu_by_name(text);
            if (!avr) fail(text, "simavr has no such device");
            avr_init(avr);
            avr->frequency = a;
            avr->log = LOG_ERROR;
        } else if (sscanf(line, "flash %s", text) == 1) {
            size_t length;
            uint8_t *bytes = read_file(text, &length);
            if (length > avr->flashend + 1u) fail(text, "does not fit the flash");
            avr_loadcode(avr, bytes, (uint32_t)length, 0);
            avr->codeend = avr->flashend;
        } else if (sscanf(line, "chip %c %u %u %s", &port, &a, &b, text) == 4) {
            attach_chip(port, (int)a, (uint8_t)b, text);
        } else if (sscanf(line, "show %u %u", &a, &b) == 2) {
            if (shown_count == SHOWN) fail("show", "too many");
            shown[shown_count][0] = (uint16_t)a;
            shown[shown_count++][1] = (uint16_t)b;
        } else if (sscanf(line, "watch %u", &a) == 1) {
            if (watch_count == WATCHES) fail("watch", "too many");
            watches[watch_count++] = a;
        } else if (sscanf(line, "mark %u", &a) == 1) {
            avr_register_io_write(avr, (avr_io_addr_t)a, on_mark, NULL);
        } else if (sscanf(line, "poke %u %s", &a, text) == 2) {
            for (b = 0; text[2 * b]; b++) avr->data[a + b] = hex(text + 2 * b);
        } else if (sscanf(line, "run %u", &a) == 1) {
            start();
            limit = avr->cycle + a;
            while (step()) {}
            printf("end %llu\n", (unsigned long long)avr->cycle);
        } else if (sscanf(line, "talk %u", &a) == 1) {
            start();
            limit = avr->cycle + a;
            run_until_prompt();
        } else if (sscanf(line, "type %s", text) == 1) {
            type_all(text);
            run_until_prompt();
        } else if (sscanf(line, "send %s %s", name, text) == 2) {
            type_all(name);
            send(text);
        } else if (sscanf(line, "save %s", text) == 1) {
            FILE *file = fopen(text, "wb");
            if (!file || fwrite(chip.bytes, 1, chip.size, file) != chip.size || fclose(file)) fail(text, "cannot be written");
        } else {
            fail("not understood", line);
        }
        fflush(stdout);
    }
    return 0;
}
