// Talks to {{ name }} over the serial line: type a line, read {% if names_label %}the label{% elif story %}how it goes on{% elif chat %}the reply{% else %}the label{% endif %}.
#include <{{ name }}.h>
{%- if reads %}

// What the network asks for: a number from 0 to 65535. Here it is what pins A0, A1 and so on measure.
uint16_t {{ name }}_read(unsigned input) {
  return (uint16_t)analogRead(A0 + input);
}
{%- endif %}
{%- if switches %}

// What the network switches, on pins 13, 12 and so on.
void {{ name }}_switch(unsigned output, int on) {
  pinMode(13 - output, OUTPUT);
  digitalWrite(13 - output, on ? HIGH : LOW);
}
{%- endif %}

static {{ name }}_net net;
static char line[{{ guard }}_MAX_QUERY];
static uint8_t length;

static void answer() {
{%- if story %}
  char piece[{{ guard }}_MAX_PIECE + 1];
  int size;
  if (!{{ name }}_begin(&net, line, length)) return;
  while ((size = {{ name }}_next(&net, piece)) >= 0)
    for (int i = 0; i < size; i++) Serial.write((uint8_t)piece[i]);
  Serial.println();
{%- elif chat %}
  int c;
  if (!{{ name }}_ask(&net, line, length)) return;
  while ((c = {{ name }}_next(&net)) >= 0) Serial.write((uint8_t)c);
  Serial.println();
{%- else %}
  char label[{{ guard }}_LABEL_SIZE];
  int index = {{ name }}_classify(&net, line, length);
  if (index < 0) return;
  {{ name }}_label(index, label, sizeof label);
  Serial.println(label);
{%- endif %}
}

void setup() {
  Serial.begin(115200);
  Serial.println(F("{{ name }}. Type a line."));
  Serial.print(F("> "));
}

void loop() {
  if (!Serial.available()) return;
  char c = (char)Serial.read();
  if (c != '\r' && c != '\n') {
    if (length < sizeof line) line[length++] = c;
  } else if (length > 0) {  // the second of CR and LF ends an empty line
    answer();
    length = 0;
    Serial.print(F("> "));
  }
}
