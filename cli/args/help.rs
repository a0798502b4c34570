//! What `--help` says of options that several verbs have, and what it says below the options. Paragraphs are one line
//! each: clap wraps them.

pub const BOARD: &str =
    "Board that an AVR chip is on: uno, nano, lilypad, mega, micro, mighty, or FILE.ron with a description";

pub const BDOS: &str = "Where the BDOS of the CP/M system begins, as the word at 0006h says: D806h [default: E406h, a system of 62 KB]";

pub const MODEL: &str = "A model.ron, .npz, .pt or .safetensors, a folder with a model.ron, or a name from `mlc models` or below models/";

pub const MODELS: &str = "Models, each a file, a folder or a name as elsewhere [default with --all: every model below \
                          models/, or where there is no such folder those of `mlc models`]";

pub const MLC: &str = "\
Start with:
  mlc run tinychat hello   talk to a network on a simulated Z80
  mlc models               see which networks mlc brings
  mlc compile tinychat     make the CP/M program, its assembly and listing
  mlc new NAME             start a network of your own
  mlc help targets         read about a topic; `mlc help` lists them

MODEL is a model.ron, .npz, .pt or .safetensors, a folder with a model.ron, or a name from `mlc models` or below models/.
With --message-format json, before or behind any command, errors and warnings are JSON, an object a line.
Exit codes: 0 done, 1 error or difference, 2 wrong usage, 130 interrupted (143 by SIGTERM, 129 by SIGHUP).";

pub const IMPORT: &str = "\
What is typed goes before what the file states, and that before the defaults.

Examples:
  mlc import tinychat.npz
  mlc import guess.npz -o models/guess/model.ron --about \"Twenty questions\"
  mlc import commands.npz --labels go,stop,left,right
  mlc import state_dict.pt --charset \" ABCDEFGHIJ\"     a file that does not say what its outputs are
  mlc import gesture.tflite --labels wave,circle,none
  mlc import flowers.onnx --calibrate train.csv          floats, quantized by training data";

pub const EXPORT: &str = "\
A folder has config.json, model.safetensors, tokenizer.json and generation_config.json: what the library transformers loads \
as a Llama, or as a Qwen3 where heads are normalised. What neither has is refused by name.

Examples:
  mlc export stories.ron -o stories/
  mlc export stories260K.bin --tokenizer tok512.bin -o stories/     floats as they are
  mlc export models/tinychat -o tinychat.npz";

pub const COMPILE: &str = "\
Without -o everything goes to build/NAME/TARGET/.

Examples:
  mlc compile tinychat
  mlc compile tinychat.npz -o talk.com -o talk.lst
  mlc compile --encoding packed -vv
  mlc compile --max-bytes 40000 --layer 4=columns
  mlc compile --optimize size
  mlc compile tinychat -o talk.img --disk kpii   a CP/M disk with TALK.COM on it
  mlc compile --bdos D806h          for a CP/M system with less memory
  mlc compile commands --target atmega328p --profile lilypad -o commands.hex
  mlc compile tinychat -o tinychat.c     portable C, for any machine: no target
  mlc compile tinychat -o tinychat.zip   the same as an Arduino library
  mlc compile tinychat --no-console -o talk.asm   the network alone, to call from a program of your own
  mlc compile guess --target zx48 -o talk.html   a page that runs it, to send to a friend
  mlc compile --check talk.asm      in CI: exit code 1 and a diff when it changed
  mlc compile --all --check golden/  the same for all programs of a project: mlc help project";

pub const RUN: &str = "\
Prompts come from the command line, else from standard input, one a line. On a terminal without prompts the \
program's own chat starts: `!` or Ctrl-D ends it. A program that runs for --max-cycles without being given input is \
ended with an error that says where it was; the time that a person takes to type does not count.

Examples:
  mlc run tinychat hello \"how are you\"
  mlc run tinychat < questions.txt
  mlc run tinychat --speed 4MHz       as fast as the real machine
  mlc run tinychat --target atmega328p hello
  mlc run talk.com hello
  mlc run talk.img --program TALK hello   a program on a CP/M disk";

pub const VERIFY: &str = "\
Without --prompts those of the prompts.txt beside the model are taken, or some small talk. A line `query|reply` \
says what the reply must be as well. Exit code 1 when anything differs.

Examples:
  mlc verify tinychat
  mlc verify tinychat.npz --prompts expected.txt --random 100";

pub const BENCH: &str = "\
A step is one pass through the network: one for each character of a reply and one for its end. The mean counts \
everything from the program's start to its exit; least and most are between two steps of one reply. The first \
character is timed from the end of the question. On AVR chips the count starts at the end of the typed line and stands \
still while the processor sleeps.

Examples:
  mlc bench tinychat
  mlc bench tinychat --encoding packed --json
  mlc bench --all                              every model on every machine
  mlc bench --all model.ron --target z80-cpm --markdown";

pub const PROFILE: &str = "\
Every T-state from start to exit is counted at its address, for the phase that is running and the calls made in it. \
Labels that differ in a number only are one symbol, with a * for the number. With a .com file what the program says \
goes to standard error.

Examples:
  mlc profile tinychat
  mlc profile tinychat hello \"how are you\" -o tinychat.svg
  mlc profile tinychat --emit lst | less
  mlc profile talk.com hello --symbols talk.lst";

pub const INSPECT: &str = "\
A target that the model does not fit says why. Exit code 1 where mlc cannot tell for a target because of a fault of its \
own; the other targets are shown all the same.

Examples:
  mlc inspect tinychat
  mlc inspect model.ron --json";

pub const DIFF: &str = "\
Replies are those of the reference, each prompt by itself; sizes and times those of the fastest program for the target. Names \
and facts of the training do not count. Exit code 1 when they differ.

Examples:
  mlc diff tinychat model.ron
  mlc diff old.ron new.ron --prompts prompts.txt --target zx48
  mlc diff old.com new.com";

pub const REPORT: &str = "\
The page needs no script to be read and nothing of the network; it is the same for the same model. What cannot be told of a \
model is left out by name.

Examples:
  mlc report tinychat
  mlc report guess --target zx48 -o guess.html
  mlc report model.ron --pairs held-out.txt --log log.csv --target atmega328p --profile lilypad";

pub const NEW: &str = "\
The folder has pairs to begin with, settings for `mlc train`, prompts to check with, a workflow for GitHub, and a README \
that says what to type. Nothing is made if something of that name is there.

Examples:
  mlc new chatty
  cd chatty && mlc train --config train.ron && mlc run model.ron hello";

pub const TRAIN: &str = "\
PAIRS are text files with a `query|reply` on each line, .gz too; lines that start with # don't count. Whenever \
there is a better network it goes to --output, at most every two seconds and whole or not at all. Ctrl-C, SIGTERM and \
SIGHUP end the training with the best network, a second one at once; `--resume` without a MODEL goes on.

A .csv, .tsv or .npz with --classifier is a table of numbers with the label in the last column (arrays x and label): a \
network on numbers is trained, with a fifth of the rows held out, and compared with simpler methods. \
`mlc help sensors` says what can be chosen.

Pairs beyond a gigabyte of memory, or beyond --chunk, lie in a temporary file and are encoded a chunk at a time. \
--hold-out then goes by a hash of each query.

Limits: while a network is above one, the pull of its weights towards zero grows. The best network within all \
limits is kept; if there is none, the model is written all the same, and the exit code is 1. T-states are \
those of the program that `mlc compile` makes: the fastest that fits, within a limit of bytes the fastest that \
--max-bytes of it gives; the report names it. It also tells the best figures of a network beyond the limits, \
which is one from early in the training; what the limits cost is known by --cost-of-limits.

--config takes settings from a file; the command line has the last word. Every long option above but --output, \
--config, --resume, --from, --tokenizer, --lora, --lora-alpha, --lora-targets, --seeds, --log, --curve, --result, --baselines, \
--cost-of-limits, --chat, --device, --precision and --recompute is a field there, with _ for -, and so are the pairs:
  (
    pairs: [\"pairs.txt\"],    // relative to this file
    name: \"tinychat\",
    hidden: [256, 192, 128],
    weights: \"full,full,ternary,ternary\",
    seed: 1,
  )

Examples:
  mlc train pairs.txt -o model.ron --name chatty
  mlc train commands.txt --classifier --name commands
  mlc train gesture.csv --classifier -o gesture.ron       readings with labels
  mlc train --config models/tinychat/train.ron -o models/tinychat/model.ron
  mlc train pairs.txt --hold-out 0.15 --baselines --seeds 5 --log log.csv --curve curve.svg
  mlc train pairs.txt more.txt --resume model.ron --epochs 20 -o better.ron
  mlc train more.txt --family sequence --from chat.ron --lora 4 -o more.ron
  mlc train pairs.txt --device cuda             if mlc was built with --features tch
  mlc train stories.txt --family sequence --device cuda --precision bf16
  mlc train pairs.txt -o chat.ron --resume      after a power cut
  mlc train pairs.txt --max-tstates 100000 --max-bytes 24000 --target z80-cpm";

pub const DISTILL: &str = "\
The model has the teacher's shape and starts from its weights, rounded. In training it is to foretell each token of the \
texts as the teacher does. Without --text the teacher writes them itself. Figures are those of the model's integers.

Ctrl-C, SIGTERM and SIGHUP end the training with the best network, a second one at once.

Examples:
  mlc distill stories260K.bin --tokenizer tok512.bin --weights ternary -o stories.ron
  mlc distill FOLDER --weights 4 --text stories.txt --steps 1000 --held-out dev.txt";

pub const SWEEP: &str = "\
An option of `mlc train` that is given several times has several values, and so has an option of numbers with a list; \
`--hidden 128,64` is one value. `--seeds N` stands for N runs. Every combination is a command of its own that needs \
nothing but the pairs, and writes DIR/NAME.ron and DIR/NAME.json; NAME says what varies. Run them from this folder, in \
any order and on any number of machines that share it; `--threads 1` is best where many run on one machine.

--collect marks the runs on the Pareto front of accuracy and time: held-out replies where all runs have them, else \
training replies.

Examples:
  mlc sweep --print runs pairs.txt --hidden 128,64 --hidden 64,32 --seeds 3 > commands
  sh commands                                            one after the other
  parallel < commands                                    GNU parallel
  sbatch --array=1-6 --wrap 'sed -n ${SLURM_ARRAY_TASK_ID}p commands | sh'
  mlc sweep --print runs pairs.txt --hold-out 0.15 --max-tstates 40000,60000,80000 | parallel
  mlc sweep --collect runs --curve runs.svg
  mlc sweep --collect runs --missing | parallel          what a crash has left";

pub const EVAL: &str = "\
The replies are those of the machine: greedy, in integers. A character is right if it comes out after the right \
beginning, a reply only as a whole. Queries with several replies set a limit, as they always get the same one.

Examples:
  mlc eval tinychat pairs.txt
  mlc eval model.ron held-out.txt --json
  mlc eval gesture.ron test.csv                        a network on numbers";

pub const DATA: &str = "\
DATA are text files, .gz too. Pairs have a `query|reply` on each line; lines that start with # don't count, and for networks \
of hashed text queries are folded to lower case. For sequence models there are conversations (.jsonl with `messages`), \
instructions (.json or .jsonl with `instruction`, `input` and `output`), tables (.csv, .tsv) and texts. A new list is written \
as what its name says: .jsonl, .csv, .tsv, else as it came.

Examples:
  mlc data stats pairs.txt
  mlc data expand templates.txt -o train.jsonl --held-out held-out.jsonl
  mlc data lint pairs.txt
  mlc data split pairs.txt -o train.txt --held-out held-out.txt";

pub const EXPAND: &str = "\
TEMPLATES have lists of words, and pairs, chats or texts with slots for them:
  list name = ANN | BOB | ZORA
  held name = KIM
  list a = 0..99
  held a, b 10 %
  pair MY NAME IS {name} | HELLO {name}
docs/data.md has all of it.

Examples:
  mlc data expand templates.txt -o pairs.txt
  mlc data expand templates.txt --count 30000 --seed 2 -o train.jsonl --held-out held-out.jsonl";

pub const STATS: &str = "\
Examples:
  mlc data stats pairs.txt
  mlc data stats day1.txt.gz day2.txt.gz --json";

pub const LINT: &str = "\
Warnings cost accuracy, notes bytes or clarity. Each says where, and what to do.

Examples:
  mlc data lint pairs.txt
  mlc data lint commands.txt --classifier --strict   in CI: exit code 1 for a warning
  mlc data lint more.txt --model tinychat            before `mlc train --resume`";

pub const SPLIT: &str = "\
A query is on one side only, with all its pairs.

Examples:
  mlc data split pairs.txt -o train.txt --held-out held-out.txt
  mlc data split pairs.txt --share 0.1 --seed 2 -o train.txt --held-out held-out.txt";

pub const DEDUP: &str = "\
Examples:
  mlc data dedup pairs.txt -o clean.txt
  mlc data dedup day1.txt day2.txt --resolve > pairs.txt";

pub const BALANCE: &str = "\
Examples:
  mlc data balance commands.txt --count 200 -o balanced.txt";
