// Reads lines of numbers from the serial line and says what {{ name }} makes of them. With ANALOGUE set to 1 it reads pins A0, A1 and so
// on instead, once a second.
#include <{{ name }}.h>

#define ANALOGUE 0

static {{ name }}_net net;

static void answer() {
  char text[{{ guard }}_ANSWER_SIZE];
  {{ name }}_answer(&net, {{ name }}_run(&net), text, sizeof text);
  Serial.println(text);
}

void setup() {
  Serial.begin(115200);
#if ANALOGUE
  Serial.println(F("{{ name }}. Reads pins."));
#else
  Serial.println(F("{{ name }}. Type numbers."));
  Serial.print(F("> "));
#endif
  {{ name }}_begin(&net);
}

void loop() {
#if ANALOGUE
  // A reading is in units of its last digit{% if decimals > 0 %}: {{ decimals }} behind the point, so that what is measured is multiplied by {{ unit }}{% endif %}.
  {{ name }}_begin(&net);
  for (int i = 0; i < {{ guard }}_{% if parts %}NUMBERS{% else %}INPUTS{% endif %}; i++) {{ name }}_reading(&net, (int32_t)analogRead(A0 + i){% if decimals > 0 %} * {{ unit }}L{% endif %});
  answer();
  delay(1000);
#else
  if (!Serial.available()) return;
  char c = (char)Serial.read();
  if (c != '\r' && c != '\n') {
    {{ name }}_character(&net, c);
  } else if (int line = {{ name }}_end(&net)) {  // the second of CR and LF ends an empty line
    if (line > 0) answer();
    else Serial.println(F({{ guard }}_WANTED));
    {{ name }}_begin(&net);
    Serial.print(F("> "));
  }
#endif
}
