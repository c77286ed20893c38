/// The completion script of `tasklane completion bash`, made from the command table.
enum Completion {
    static func bash(_ commands: [Command]) -> String {
        let first = unique(commands.map { $0.path[0] })
        let groups = first.compactMap { name -> String? in
            let second = commands.filter { $0.path[0] == name && $0.path.count > 1 }.map { $0.path[1] }
            return second.isEmpty ? nil : "        \(name)) words=\"\(second.joined(separator: " "))\" ;;"
        }
        let options = commands.map { command in
            let names = (command.options + Option.global).map { "--\($0.name)" }.joined(separator: " ")
            return "        \"\(command.name)\") options=\"\(names)\" ;;"
        }
        return """
            # bash completion for tasklane
            _tasklane() {
                local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" words="" options=""
                local name="" second="" place
                COMPREPLY=()
                if [[ $previous == --config ]]; then
                    mapfile -t COMPREPLY < <(compgen -f -- "$current")
                    return
                fi
                for ((place = 1; place < COMP_CWORD; place++)); do
                    case "${COMP_WORDS[place]}" in
                        --config) ((place++)) ;;
                        -*) ;;
                        *) if [[ -z $name ]]; then name="${COMP_WORDS[place]}"
                           elif [[ -z $second ]]; then second="${COMP_WORDS[place]}"; fi ;;
                    esac
                done
                [[ -z $name ]] && words="\(first.joined(separator: " "))"
                if [[ -n $name && -z $second ]]; then case "$name" in
                    help) words="\(first.joined(separator: " "))" ;;
                    completion) words="bash" ;;
            \(groups.joined(separator: "\n"))
                esac; fi
                case "$name $second" in
            \(options.filter { $0.contains(" ") && isPair($0) }.joined(separator: "\n"))
                *) case "$name" in
            \(options.filter { !isPair($0) }.joined(separator: "\n"))
                esac ;;
                esac
                [[ $current == -* ]] && words="$options"
                mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
            }
            complete -F _tasklane tasklane

            """
    }

    /// Whether a case of the script is for a command of two words.
    private static func isPair(_ line: String) -> Bool {
        line.split(separator: "\"").dropFirst().first?.contains(" ") ?? false
    }

    private static func unique(_ names: [String]) -> [String] {
        names.enumerated().filter { !names[..<$0.offset].contains($0.element) }.map(\.element)
    }
}
