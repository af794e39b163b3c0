;;; dap.el --- the debug adapter in Emacs' dap-mode  -*- lexical-binding: t -*-
;; usage: emacs -q --batch -l dap.el, with LLMSPELL_ADAPTER, LLMSPELL_PROJECT and LLMSPELL_TEST_REPORT set.
;; Each result goes as one line of JSON to the report.

(let ((default-directory "/usr/share/emacs/site-lisp/elpa/"))
  (when (file-directory-p default-directory) (normal-top-level-add-subdirs-to-load-path)))
(require 'json)
(defvar llmspell-project (getenv "LLMSPELL_PROJECT"))
(defvar llmspell-scratch (make-temp-file "emacs-dap-" t))
(setq make-backup-files nil create-lockfiles nil
      dap-breakpoints-file (expand-file-name "dap-breakpoints" llmspell-scratch)
      lsp-session-file (expand-file-name "lsp-session" llmspell-scratch)
      dap-auto-configure-features nil dap-auto-show-output nil)
(require 'dap-mode)
;; It holds which exception filters are on; dap-mode takes it for loaded when the adapter has filters.
(require 'dap-ui)

(defvar llmspell-limit 15 "Seconds to wait for what the adapter sends.")

(defun llmspell-report (name passed &optional reason)
  (let ((line (json-encode `((test . ,(concat "emacs dap-mode: " name))
                             (passed . ,(if passed t json-false))
                             ,@(unless passed `((error . ,(format "%s" reason))))))))
    (write-region (concat line "\n") nil (getenv "LLMSPELL_TEST_REPORT") t 'quiet)))

;; Each test goes on from where the one before it stopped: the first that fails is the last.
(defmacro llmspell-test (name &rest body)
  (declare (indent 1))
  `(condition-case reason
       (progn ,@body (llmspell-report ,name t))
     (error (llmspell-report ,name nil reason) (kill-emacs 1))))

(defun llmspell-await (what condition)
  (let ((deadline (+ (float-time) llmspell-limit)) value)
    (while (and (not (setq value (funcall condition))) (< (float-time) deadline))
      (accept-process-output nil 0.05))
    (or value (error "Waited %s s in vain for %s" llmspell-limit what))))

(defun llmspell-goto (text)
  (goto-char (point-min))
  (search-forward text)
  (beginning-of-line))

(defun llmspell-line (text)
  (save-excursion (llmspell-goto text) (line-number-at-pos)))

(defun llmspell-session () (dap--cur-session))

(defun llmspell-await-stop (text)
  "Wait for the top frame in the line that holds TEXT."
  (let ((line (llmspell-line text)))
    (llmspell-await
     (format "a stop in line %s" line)
     (lambda ()
       (let ((frame (and (llmspell-session) (dap--debug-session-active-frame (llmspell-session)))))
         (and frame (= (gethash "line" frame) line) frame))))))

(defun llmspell-ask (command arguments)
  "The body of the adapter's answer, asked as dap-mode asks."
  (let (answer)
    (dap--send-message (dap--make-request command arguments) (lambda (it) (setq answer it)) (llmspell-session))
    (llmspell-await command (lambda () answer))
    (unless (eq (gethash "success" answer) t) (error "%s: %s" command (gethash "message" answer)))
    (gethash "body" answer)))

(defun llmspell-locals (frame)
  "Names and values in the first scope of FRAME."
  (let* ((scopes (gethash "scopes" (llmspell-ask "scopes" (list :frameId (gethash "id" frame)))))
         (reference (gethash "variablesReference" (elt scopes 0))))
    (mapcar (lambda (variable) (cons (gethash "name" variable) (gethash "value" variable)))
            (gethash "variables" (llmspell-ask "variables" (list :variablesReference reference))))))

(defun llmspell-expect (locals name value)
  (unless (equal (cdr (assoc name locals)) value) (error "%s is not %s: %S" name value locals)))

(defun llmspell-output (session)
  (with-current-buffer (dap--debug-session-output-buffer session) (buffer-string)))

;; What a user writes into the init file.
(dap-register-debug-provider
 "llmspell"
 (lambda (configuration)
   (setq configuration (plist-put configuration :dap-server-path (list (getenv "LLMSPELL_ADAPTER"))))
   (dap--put-if-absent configuration :request "launch")
   (dap--put-if-absent configuration :program (buffer-file-name))
   (dap--put-if-absent configuration :name "LLMSpell")))
(dap-register-debug-template
 "LLMSpell: current file" (list :type "llmspell" :request "launch" :name "LLMSpell: current file"))

(find-file (expand-file-name "stock.lua" llmspell-project))
(prog-mode)

(llmspell-test "starts a script from its template and stops at a breakpoint"
  (llmspell-goto "local left = stock")
  (dap-breakpoint-add)
  (dap-debug (cdr (assoc "LLMSpell: current file" dap-debug-template-configurations)))
  (let ((frame (llmspell-await-stop "local left = stock")))
    (unless (equal (gethash "name" frame) "sell") (error "The frame is %s" (gethash "name" frame)))))

(llmspell-test "shows the breakpoint as verified"
  (let* ((known (gethash (buffer-file-name) (dap--debug-session-breakpoints (llmspell-session))))
         (breakpoint (elt known 0)))
    (unless (eq (gethash "verified" breakpoint) t) (error "It is %S" breakpoint))))

(llmspell-test "shows the locals"
  (let ((locals (llmspell-locals (dap--debug-session-active-frame (llmspell-session)))))
    (llmspell-expect locals "kind" "\"apples\"")
    (llmspell-expect locals "count" "1")))

(llmspell-test "steps over a line, into a function and out of it"
  (dap-next (llmspell-session))
  (llmspell-expect (llmspell-locals (llmspell-await-stop "stock[kind] = left")) "left" "5")
  (dap-next (llmspell-session))
  (llmspell-await-stop "history[#history")
  (dap-step-in (llmspell-session))
  (llmspell-await-stop "return kind ..")
  (dap-step-out (llmspell-session))
  (llmspell-await-stop "history[#history"))

(llmspell-test "evaluates an expression as the REPL does, and what dap-eval can see"
  (let ((frame (gethash "id" (dap--debug-session-active-frame (llmspell-session)))))
    (dolist (each '(("repl" "left + 37" "42") ("hover" "stock.pears" "5")))
      (let ((body (llmspell-ask "evaluate" (list :expression (nth 1 each) :frameId frame :context (nth 0 each)))))
        (unless (equal (gethash "result" body) (nth 2 each))
          (error "%s is %s" (nth 1 each) (gethash "result" body)))))))

(llmspell-test "continues to a breakpoint that has a condition"
  (llmspell-goto "local left = stock")
  (call-interactively #'dap-breakpoint-delete)
  (llmspell-goto "print(\"sold\"")
  (dap-breakpoint-add)
  (cl-letf (((symbol-function 'read-string) (lambda (&rest _) "count == 3")))
    (call-interactively #'dap-breakpoint-condition))
  (dap-continue (llmspell-session) (dap--debug-session-thread-id (llmspell-session)))
  (llmspell-expect (llmspell-locals (llmspell-await-stop "print(\"sold\"")) "count" "3"))

(llmspell-test "continues to the end, and shows the output"
  (let ((session (llmspell-session)))
    (dap-continue session (dap--debug-session-thread-id session))
    (llmspell-await "the end" (lambda () (not (dap--session-running session))))
    (unless (string-match-p "done[\t ]+3" (llmspell-output session)) (error "The output is %S" (llmspell-output session)))))

(llmspell-test "disconnects from a stopped script, and the adapter ends"
  (find-file (expand-file-name "stock.lua" llmspell-project))
  (dap-debug (cdr (assoc "LLMSpell: current file" dap-debug-template-configurations)))
  (llmspell-await-stop "print(\"sold\"")
  (let ((process (dap--debug-session-proc (llmspell-session))))
    (dap-disconnect (llmspell-session))
    (llmspell-await "the adapter's end" (lambda () (not (process-live-p process))))))
(set-buffer-modified-p nil)
